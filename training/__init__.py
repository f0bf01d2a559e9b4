"""How the committed checkpoints were made. Not shipped."""

import runners as runners  # switches onnxruntime's telemetry off before it is loaded
