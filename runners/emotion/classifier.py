"""The emotion classifier: ONNX Runtime and the `tokenizers` library, no torch."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, overload

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from runners.base import GoldenMismatchError, ParallelRunner
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.text.emoji import spell_emoji

_log = logging.getLogger("bentoml.samo.emotion")

# Encoders of the BERT family read at most this many tokens. Sentences have fewer: they are cut at a
# width of 400, and a text has no more tokens than its width (`runners.text.sentences.width`).
MAX_TOKENS: Final = 512

# The mask token of an encoder of the BERT family is one of these.
MASK_TOKENS: Final = ("<mask>", "[MASK]")

# Threads spin this long before they sleep until the next operator. Waking a thread takes longer
# than most operators compute; spinning without a limit would keep a core from other work.
SPIN_WAIT_MICROSECONDS: Final = 200

# Output of a graph with a reason head: logits of each token for each label.
REASON_LOGITS: Final = "reason_logits"

TokenIds = npt.NDArray[np.int64]
# Start and end of a part of a text, in characters.
Span = tuple[int, int]


@dataclass(frozen=True)
class GoldenSample:
    """A golden sample: a text and the probabilities that the float model gives it.

    Attributes:
        text: the input.
        probabilities: float32 of shape (outputs,).
        tolerance: largest absolute difference that is accepted.

    """

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
class OccludedText:
    """A text in which each `text[start:end]` of `hidden` is replaced by mask tokens."""

    text: str
    hidden: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class TextWithWords:
    """A text and its words, `text[start:end]` of each, for which the classifier finds reasons."""

    text: str
    words: tuple[Span, ...]


ClassifierInput = str | OccludedText | TextWithWords


@dataclass(frozen=True, slots=True)
class TokensOfWords:
    """Token ids of a text, and for each word its tokens, bool of shape (words, tokens)."""

    ids: TokenIds
    words: npt.NDArray[np.bool_]


PreparedText = TokenIds | TokensOfWords


def is_hidden(
    offsets: Sequence[Span], origins: Sequence[int], hidden: Sequence[Span]
) -> npt.NDArray[np.bool_]:
    """Return for each token whether it overlaps a hidden part of the text, of shape (tokens,).

    Args:
        offsets: of the tokens in the text with its emoji spelled out.
        origins: for each character of that text, its position in the original.
        hidden: parts of the original text.

    """
    starts, ends = np.asarray(offsets, dtype=np.int64).T
    words = starts < ends  # special tokens have an empty span
    first, last = (np.asarray([*origins, -1])[i] for i in (starts, ends - 1))
    tokens = np.zeros(len(offsets), dtype=np.bool_)
    for start, end in hidden:
        tokens |= words & (first < end) & (last >= start)
    return tokens


# Computes nothing for outputs that are not asked for, such as the reason head.
_RUN_OPTIONS: Final = onnxruntime.RunOptions()
_RUN_OPTIONS.only_execute_path_to_fetches = True


class EmotionClassifier(ParallelRunner[ClassifierInput, PreparedText, Probabilities]):
    """Gives each text a probability for every name in `calibration.outputs`.

    For a `TextWithWords` it gives, instead, each word's probability that a reader says that it
    shows a label, of shape (words, labels); 0 without a reason head.

    A text's probabilities are the same to the last bit whatever other texts are in its batch, with
    any padding and on any number of threads: the exported graph computes no scale from the batch.

    Labels are calibrated by temperature scaling (Guo et al., 2017): sigmoid(logits / temperature).

    One text is fastest on all threads. Several texts are faster in concurrent batches on one thread
    each, because threads that share operators synchronize hundreds of times per batch. Concurrent
    batches need a second session, which holds a second copy of the weights.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        calibration: EmotionCalibration,
        golden: GoldenSample | None = None,
        single_threaded: onnxruntime.InferenceSession | None = None,
    ) -> None:
        self.calibration = calibration
        self._golden = golden
        self._session = session
        self._single_threaded = single_threaded or session
        self._has_reasons = REASON_LOGITS in [output.name for output in session.get_outputs()]
        self._tokenizer = tokenizer
        self._pad_id: int = tokenizer.padding["pad_id"] if tokenizer.padding else 0
        mask_ids = [i for token in MASK_TOKENS if (i := tokenizer.token_to_id(token)) is not None]
        if not mask_ids:
            raise ValueError(f"The tokenizer has no mask token: none of {', '.join(MASK_TOKENS)}.")
        self.mask_id: int = mask_ids[0]
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        # A "<mask>" or "</s>" in a user's text is plain text, not a special token.
        tokenizer.encode_special_tokens = True

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        threads: int,
        calibration: EmotionCalibration | None = None,
        parallel: bool = False,
    ) -> Self:
        """Load an exported model: `model.onnx`, `tokenizer.json` and `calibration.json`.

        Args:
            folder: of the model. Without `golden.json`, which the export writes last, `warm_up`
                compares nothing.
            threads: of the session that `predict` uses.
            calibration: used instead of `calibration.json`.
            parallel: load a second session on one thread for `predict_single_threaded`; without
                it both methods use the same session.

        """
        golden = folder / "golden.json"
        return cls(
            _session(folder / "model.onnx", threads),
            Tokenizer.from_file(str(folder / "tokenizer.json")),
            calibration or EmotionCalibration.load(folder / "calibration.json"),
            GoldenSample.load(golden) if golden.is_file() else None,
            _session(folder / "model.onnx", 1) if parallel and threads > 1 else None,
        )

    @property
    def vocabulary(self) -> list[str]:
        """The tokens of the tokenizer."""
        return list(self._tokenizer.get_vocab())

    @overload
    def prepare(self, item: str | OccludedText) -> TokenIds: ...

    @overload
    def prepare(self, item: TextWithWords) -> TokensOfWords: ...

    def prepare(self, item: ClassifierInput) -> PreparedText:
        """Tokenize a text; token ids are int64 of shape (tokens,).

        Each token that overlaps a hidden span becomes one mask token. A text and its occluded
        variants therefore have the same length and are batched without padding.
        """
        if isinstance(item, str):
            return np.asarray(self._encode(spell_emoji(item)[0]).ids, dtype=np.int64)
        text, origins = spell_emoji(item.text)
        encoding = self._encode(text)
        ids = np.asarray(encoding.ids, dtype=np.int64)
        if isinstance(item, TextWithWords):
            tokens = [is_hidden(encoding.offsets, origins, [word]) for word in item.words]
            return TokensOfWords(ids, np.asarray(tokens).reshape(len(tokens), len(ids)))
        ids[is_hidden(encoding.offsets, origins, item.hidden)] = self.mask_id
        return ids

    def _encode(self, text: str) -> Encoding:
        encoding = self._tokenizer.encode(text)
        if encoding.overflowing:
            _log.warning("A text was truncated to the model's %d tokens.", MAX_TOKENS)
        return encoding

    def cost(self, prepared: PreparedText) -> int:
        """Number of tokens."""
        return len(_ids(prepared))

    def predict(self, batch: Sequence[PreparedText]) -> list[Probabilities]:
        """Return the probabilities of each text, on all threads.

        float32 of shape (outputs,), or (words, labels) for `TokensOfWords`.
        """
        return self._classify(self._session, batch)

    def predict_single_threaded(self, batch: Sequence[PreparedText]) -> list[Probabilities]:
        """As `predict`, on the calling thread alone."""
        return self._classify(self._single_threaded, batch)

    def _classify(
        self, session: onnxruntime.InferenceSession, batch: Sequence[PreparedText]
    ) -> list[Probabilities]:
        rows = [_ids(one) for one in batch]
        longest = max(map(len, rows))
        input_ids = np.full((len(batch), longest), self._pad_id, dtype=np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, ids in enumerate(rows):
            input_ids[row, : len(ids)] = ids
            attention_mask[row, : len(ids)] = 1
        wanted = ["logits"]
        if self._has_reasons and any(isinstance(one, TokensOfWords) for one in batch):
            wanted.append(REASON_LOGITS)
        logits, *reason_logits = session.run(
            wanted, {"input_ids": input_ids, "attention_mask": attention_mask}, _RUN_OPTIONS
        )
        logits[:, : len(self.calibration.labels)] /= self.calibration.temperature
        outputs = list(_sigmoid(logits))
        for row, one in enumerate(batch):
            if isinstance(one, TokensOfWords):
                outputs[row] = self._reasons(one, reason_logits[0][row] if reason_logits else None)
        return outputs

    def _reasons(
        self, prepared: TokensOfWords, logits: npt.NDArray[np.float32] | None
    ) -> Probabilities:
        """Of each word the highest probability among its tokens; 0 for a word without tokens."""
        reasons = np.zeros((len(prepared.words), len(self.calibration.labels)), np.float32)
        for word, tokens in enumerate(prepared.words):
            if logits is not None and tokens.any():
                reasons[word] = _sigmoid(logits[: len(tokens)][tokens].max(axis=0))
        return reasons

    def warm_up(self) -> None:
        """Classify the golden sample; raise `GoldenMismatchError` if the probabilities differ.

        Log a warning if they depend on the batch or on the number of threads.

        ONNX Runtime's int8 kernels depend on the CPU, so a model that was correct where it was
        exported may be wrong on another machine.
        """
        if self._golden is None:
            return
        ids = self.prepare(self._golden.text)
        longer = np.concatenate([ids, ids])
        rows = np.stack(
            [
                *self.predict([ids]),
                *self.predict_single_threaded([ids]),
                self.predict_single_threaded([ids, longer])[0],
            ]
        )
        gap = float(np.abs(rows - self._golden.probabilities).max())
        if not gap <= self._golden.tolerance:
            raise GoldenMismatchError(
                f"On this CPU the emotion model's probabilities differ by up to {gap:.2f} from the "
                f"exported ones, more than the tolerance of {self._golden.tolerance}: export it "
                "with `export_models.py emotion --precision fp32`."
            )
        if (spread := float(np.ptp(rows, axis=0).max())) > 0.0:
            _log.warning(
                "On this CPU a text's probabilities depend on its batch: they differ by %.0e.",
                spread,
            )


def _ids(prepared: PreparedText) -> TokenIds:
    return prepared.ids if isinstance(prepared, TokensOfWords) else prepared


def _sigmoid(logits: npt.NDArray[np.float32]) -> Probabilities:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry(
        "session.intra_op.spin_duration_us", str(SPIN_WAIT_MICROSECONDS)
    )
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
