"""The models behind one protocol, and the batching around them. Imports nothing else of SAMO."""

import os

# onnxruntime reads this when it is loaded. Without it, it writes a device id to disk and queues
# events for its vendor.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
