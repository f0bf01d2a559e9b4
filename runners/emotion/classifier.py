"""The emotion classifier: ONNX Runtime and the `tokenizers` library, no torch."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from runners.base import GoldenMismatchError
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.text.emoji import spell_emoji

_log = logging.getLogger("bentoml.samo.emotion")

# Sentences are cut to a width of 400 before they come here, which is at least their tokens
# (`runners.text.sentences.width`); this is as much as encoders of the BERT family read.
MAX_TOKENS: Final = 512

# Encoders of the BERT family were pretrained with one of these.
MASK_TOKENS: Final = ("<mask>", "[MASK]")

# An operator's threads wait so long for the next one before they sleep. To wake one takes longer
# than most operators; to wait without end would hold a core that others need.
SPIN_MICROSECONDS: Final = 200

TokenIds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Golden:
    """What a text's probabilities must be, give or take `tolerance`."""

    text: str
    probabilities: Probabilities
    tolerance: float

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read `golden.json` of an exported model."""
        golden = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            golden["text"],
            np.asarray(golden["probabilities"], dtype=np.float32),
            golden["tolerance"],
        )


@dataclass(frozen=True, slots=True)
class Occluded:
    """A text with some of it hidden from the model: each `text[start:end]` of `hidden`."""

    text: str
    hidden: tuple[tuple[int, int], ...]


class EmotionClassifier:
    """Texts in, calibrated probabilities out: of `calibration.labels`, then of `calibration.moods`.

    Labels are calibrated by temperature scaling (Guo et al., 2017): sigmoid(logits / temperature).

    A text alone is quickest on all threads. Several are done sooner by batches that run beside one
    another on a thread each: threads that share an operator wait for one another some hundred times
    a batch. That takes a second session, which holds the weights once more.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        calibration: EmotionCalibration,
        golden: Golden | None = None,
        narrow: onnxruntime.InferenceSession | None = None,
    ) -> None:
        self.calibration = calibration
        self._golden = golden
        self._session = session
        self._narrow = narrow or session
        self._tokenizer = tokenizer
        self._pad_id: int = tokenizer.padding["pad_id"] if tokenizer.padding else 0
        mask_ids = [i for token in MASK_TOKENS if (i := tokenizer.token_to_id(token)) is not None]
        if not mask_ids:
            raise ValueError(f"The tokenizer has no mask token: none of {', '.join(MASK_TOKENS)}.")
        self.mask_id: int = mask_ids[0]
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        # A "<mask>" or "</s>" that somebody writes is text like any other: it hides nothing.
        tokenizer.encode_special_tokens = True

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        threads: int,
        calibration: EmotionCalibration | None = None,
        beside: bool = False,
    ) -> Self:
        """Load `model.onnx`, `tokenizer.json`, `golden.json` and, without `calibration`, its file.

        That is `calibration.json`. A model that is not finished yet has no `golden.json`. With
        `beside` the second session is loaded that `predict_beside` wants.
        """
        golden = folder / "golden.json"
        return cls(
            _session(folder / "model.onnx", threads),
            Tokenizer.from_file(str(folder / "tokenizer.json")),
            calibration or EmotionCalibration.load(folder / "calibration.json"),
            Golden.load(golden) if golden.is_file() else None,
            _session(folder / "model.onnx", 1) if beside and threads > 1 else None,
        )

    def prepare(self, item: str | Occluded) -> TokenIds:
        """Tokenize a text; shape (tokens,).

        Every token that lies in a hidden span, even by a character, becomes the mask token, so
        that a text has as many tokens hidden as not and its variants batch without padding.
        """
        if isinstance(item, str):
            return np.asarray(self._encode(spell_emoji(item)[0]).ids, dtype=np.int64)
        text, origins = spell_emoji(item.text)
        encoding = self._encode(text)
        ids = np.asarray(encoding.ids, dtype=np.int64)
        starts, ends = np.asarray(encoding.offsets, dtype=np.int64).T
        words = starts < ends  # the outer special tokens have an empty span at 0
        first, last = (np.asarray([*origins, -1])[i] for i in (starts, ends - 1))
        for start, end in item.hidden:
            ids[words & (first < end) & (last >= start)] = self.mask_id
        return ids

    def _encode(self, text: str) -> Encoding:
        encoding = self._tokenizer.encode(text)
        if encoding.overflowing:  # with a tokenizer of another kind; not silently
            _log.warning("A text was cut at %d tokens, as many as the model reads.", MAX_TOKENS)
        return encoding

    def cost(self, prepared: TokenIds) -> int:
        """Number of tokens."""
        return len(prepared)

    def predict(self, batch: Sequence[TokenIds]) -> list[Probabilities]:
        """Classify token ids, padded to the longest of the batch, on all threads."""
        return self._classify(self._session, batch)

    def predict_beside(self, batch: Sequence[TokenIds]) -> list[Probabilities]:
        """As `predict` on the calling thread alone, for batches that run beside one another."""
        return self._classify(self._narrow, batch)

    def _classify(
        self, session: onnxruntime.InferenceSession, batch: Sequence[TokenIds]
    ) -> list[Probabilities]:
        longest = max(len(ids) for ids in batch)
        input_ids = np.full((len(batch), longest), self._pad_id, dtype=np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, ids in enumerate(batch):
            input_ids[row, : len(ids)] = ids
            attention_mask[row, : len(ids)] = 1
        (logits,) = session.run(
            ["logits"], {"input_ids": input_ids, "attention_mask": attention_mask}
        )
        logits[:, : len(self.calibration.labels)] /= self.calibration.temperature
        return list(1.0 / (1.0 + np.exp(-logits)))

    def warm_up(self) -> None:
        """Classify a sentence whose probabilities are known.

        An int8 file can be right on one CPU and wrong on another (ONNX Runtime's kernels differ),
        and a container moves. Raises `GoldenMismatchError` rather than serve wrong answers.
        """
        if self._golden is None:
            return
        ids = self.prepare(self._golden.text)
        rows = [*self.predict([ids]), *self.predict_beside([ids])]
        gap = float(np.abs(np.stack(rows) - self._golden.probabilities).max())
        if not gap <= self._golden.tolerance:
            raise GoldenMismatchError(
                f"The emotion model is off by {gap:.2f} on this CPU, more than "
                f"{self._golden.tolerance}: export it with `export_models.py emotion "
                "--precision fp32`."
            )


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_MICROSECONDS))
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
