"""The model of all peers: ONNX Runtime, `tokenizers` and the stored thresholds.

Peers differ in how they serve the model, not in what they compute.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from runners.emotion.calibration import EmotionCalibration

FOLDER_VARIABLE = "PEER_MODEL"
THREADS_VARIABLE = "PEER_THREADS"
PORT_VARIABLE = "PEER_PORT"

MAX_BATCH = 16
"""Maximum batch size of the peers that have this setting."""
BATCH_WAIT_SECONDS = 0.005
"""Time to wait for a batch to fill, for peers with this setting: half of one inference."""

Prediction = dict[str, list[dict[str, str | float]]]


class EmotionModel:
    """Classify texts into emotions."""

    def __init__(self, *, threads: int | None = None, spinning: bool = False) -> None:
        folder = Path(os.environ[FOLDER_VARIABLE])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or int(os.environ[THREADS_VARIABLE])
        options.inter_op_num_threads = 1
        # Spinning threads would block the cores that a server's other threads need.
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(256)
        padding = self._tokenizer.padding or {"pad_id": 1, "pad_token": "<pad>"}
        self._tokenizer.enable_padding(pad_id=padding["pad_id"], pad_token=padding["pad_token"])
        self._calibration = EmotionCalibration.load(folder / "calibration.json")

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Run `texts` as one batch, padded to the longest."""
        encodings = self._tokenizer.encode_batch(list(texts))
        inputs = {
            "input_ids": np.asarray([e.ids for e in encodings], dtype=np.int64),
            "attention_mask": np.asarray([e.attention_mask for e in encodings], dtype=np.int64),
        }
        (logits,) = self._session.run(["logits"], inputs)
        probabilities = 1.0 / (1.0 + np.exp(-logits / self._calibration.temperature))
        return [
            {
                "emotions": [
                    {"emotion": emotion.name, "confidence": emotion.confidence}
                    for emotion in self._calibration.decide(row)
                ]
            }
            for row in probabilities
        ]


def port() -> int:
    """Return the port on which the peer listens."""
    return int(os.environ[PORT_VARIABLE])
