"""From a checkpoint to the small, verified model that is stored and served."""

import runners as runners  # switches onnxruntime's telemetry off before it is loaded
