"""Train, calibrate and evaluate the models. Not part of the service.

`training.emotion` and `training.summarizer` contain the recipes of `checkpoints/`, and
`training.evaluation` measures the transcriber.
"""

import runners as runners  # switches onnxruntime's telemetry off before it is loaded
