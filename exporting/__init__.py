"""Export a checkpoint to the int8 model that is verified, stored and served."""

import runners as runners  # switches onnxruntime's telemetry off before it is loaded
