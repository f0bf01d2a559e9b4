"""The numbers that drift is measured on: of a passage with its probabilities, and of a recording.

A passage is one input of the classifier. What is kept of it are the numbers of `PassageNumbers`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from runners.emotion.calibration import EmotionCalibration, Probabilities

_WORD: Final = re.compile(r"[^\W\d_]+")
# Probabilities are kept away from 0 and 1 by this, so that their logits are finite.
_MARGIN: Final = 1e-6
# A language that is not among these counts as "other", which bounds the labels of the metrics.
LANGUAGES: Final = (
    "ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh",
    "other",
)  # fmt: skip

TEXT_FEATURES: Final = (
    "characters", "unknown_words", "capitals", "non_ascii",
    "confidence", "entropy", "labels", "logits",
)  # fmt: skip
RECORDING_FEATURES: Final = ("audio_level", "audio_noise", "audio_language")


class PassageNumbers(NamedTuple):
    """Statistics of a passage's text."""

    characters: float
    """Its length."""
    unknown_words: float
    """Share of its words that the vocabulary of the classifier does not contain as a whole.

    The tokenizer divides them into several word pieces, or replaces them by "unknown".
    """
    capitals: float
    """Share of capitals in its letters."""
    non_ascii: float
    """Share of characters beyond ASCII."""


class RecordingNumbers(NamedTuple):
    """Statistics of a recording."""

    level: float
    """95th percentile of the energy of its frames, in dB below full scale."""
    noise: float
    """10th percentile, in dB below full scale."""
    language: str | None
    """Whisper's code of its language."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Observations by feature, each with an array of the same length n.

    Attributes:
        numbers: float64 of shape (n,).
        categories: indices into the names of the feature's categories, int64 of shape (n,).
        vectors: float64 of shape (n, d).

    """

    numbers: dict[str, npt.NDArray[np.float64]]
    categories: dict[str, npt.NDArray[np.int64]]
    vectors: dict[str, npt.NDArray[np.float64]]


def passage_numbers(text: str, vocabulary: frozenset[str]) -> PassageNumbers:
    """Statistics of a text; `vocabulary` has the whole words of the classifier, in lower case."""
    words = _WORD.findall(text.lower())
    known = sum(word in vocabulary for word in words)
    letters = _count_letters(text)
    return PassageNumbers(
        characters=len(text),
        unknown_words=1.0 - known / len(words) if words else 0.0,
        capitals=_count_capitals(text) / letters if letters else 0.0,
        non_ascii=0.0 if text.isascii() else 1.0 - len(text.encode("ascii", "ignore")) / len(text),
    )


def _count_letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _count_capitals(text: str) -> int:
    return sum(map(str.isupper, text))


def whole_words(vocabulary: Sequence[str]) -> frozenset[str]:
    """The tokens of a tokenizer that are whole words, in lower case.

    A WordPiece vocabulary marks the pieces that continue a word by "##"; others mark those that
    start one, by "Ġ" or "▁".
    """
    marks = tuple(mark for mark in "Ġ▁" if any(token.startswith(mark) for token in vocabulary))
    if marks:
        return frozenset(token[1:].lower() for token in vocabulary if token.startswith(marks))
    return frozenset(token.lower() for token in vocabulary if not token.startswith("##"))


def text_columns(
    numbers: Sequence[PassageNumbers],
    probabilities: Sequence[Probabilities],
    calibration: EmotionCalibration,
) -> Columns:
    """Columns of the texts: their statistics and those of their predictions.

    `labels` is the label that applies with the highest probability, `confidence` the highest
    probability of a label, `entropy` the sum of the entropies of all labels in bits, and `logits`
    the logits of all outputs.
    """
    values = np.asarray(numbers, dtype=np.float64)
    outputs = np.clip(np.stack(probabilities).astype(np.float64), _MARGIN, 1.0 - _MARGIN)
    labels = outputs[:, : len(calibration.labels)]
    # as `EmotionCalibration.decide` chooses its first label
    decided = labels >= calibration.thresholds
    ranks = np.where(decided, 1.0 + labels, 0.0)
    undecided = ~decided.any(axis=1)
    ranks[undecided] = labels[undecided] / calibration.thresholds
    bits = -(labels * np.log2(labels) + (1.0 - labels) * np.log2(1.0 - labels))
    return Columns(
        numbers={
            **{name: values[:, i] for i, name in enumerate(PassageNumbers._fields)},
            "confidence": labels.max(axis=1),
            "entropy": bits.sum(axis=1),
        },
        categories={"labels": ranks.argmax(axis=1)},
        vectors={"logits": np.log(outputs / (1.0 - outputs))},
    )


def recording_columns(recordings: Sequence[RecordingNumbers]) -> Columns:
    """Columns of the recordings; what is not in `LANGUAGES` is "other"."""
    return Columns(
        numbers={
            "audio_level": np.asarray([one.level for one in recordings], dtype=np.float64),
            "audio_noise": np.asarray([one.noise for one in recordings], dtype=np.float64),
        },
        categories={
            "audio_language": np.asarray(
                [
                    LANGUAGES.index(one.language if one.language in LANGUAGES else "other")
                    for one in recordings
                ],
                dtype=np.int64,
            )
        },
        vectors={},
    )
