"""One class a model, the same verbs for each, and the batching around them."""

import samo as samo  # switches onnxruntime's telemetry off before it is loaded
