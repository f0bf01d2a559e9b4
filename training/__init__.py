"""How the committed checkpoints were made. Not shipped."""

import samo as samo  # switches onnxruntime's telemetry off before it is loaded
