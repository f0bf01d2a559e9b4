"""The models behind one protocol, and their batching. Imports nothing else of the project."""

import os

# onnxruntime reads this variable when it is loaded. Without it, onnxruntime writes a device id to
# disk and queues telemetry events.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
