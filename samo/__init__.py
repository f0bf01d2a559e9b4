"""SAMO: from a spoken or typed journal entry to its emotional insight."""

import os

__version__ = "0.1.0"

# onnxruntime writes a device id to disk and queues events for its vendor unless it is told not to
# before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
