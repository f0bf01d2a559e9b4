"""Whisper on one clip: its language, and what it writes down with the evidence for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Self

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim

from runners.cancellation import stop_if_cancelled
from runners.transcriber.plausibility import MAX_COMPRESSION_RATIO, MIN_LOG_PROBABILITY, Evidence
from runners.transcriber.times import place
from runners.transcriber.transcript import Segment, Task, Word
from runners.transcriber.voice import Clip

_BEAM_SIZE: Final = 5

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """What Whisper wrote down for up to 30 seconds; times count from the recording's beginning."""

    segments: tuple[Segment, ...]
    evidence: Evidence


class Whisper(WhisperModel):  # type: ignore[misc]  # faster-whisper is untyped here
    """`WhisperModel` that does not encode the same window twice in a row.

    Language detection and decoding start with the same 30 seconds, and the encoder is most of the
    work on a short recording. What is kept is kept per thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last = threading.local()

    @classmethod
    def load(cls, folder: Path, *, threads: int, num_workers: int) -> Self:
        """Load the CTranslate2 Whisper in `folder`; nothing is fetched from anywhere."""
        return cls(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=threads,
            num_workers=num_workers,
            local_files_only=True,
        )

    def encode(self, features: npt.NDArray[np.float32]) -> ctranslate2.StorageView:
        """Encode log-mel features of shape (80, frames), up to 3000 frames of 10 ms."""
        stop_if_cancelled()  # here because every window begins with it
        known = getattr(self._last, "features", None)
        if known is None or not np.array_equal(known, features):
            self._last.output = super().encode(features)
            self._last.features = features
        return self._last.output

    def language_of(self, samples: Samples) -> tuple[str, float]:
        """Return the language of the first 30 seconds and its probability."""
        if not self.model.is_multilingual:
            return "en", 1.0
        extractor = self.feature_extractor
        # Without the last frame, which is padding: just what decoding encodes first.
        features = extractor(samples[: extractor.n_samples])[:, :-1]
        encoded = self.encode(pad_or_trim(features))
        token, probability = self.model.detect_language(encoded)[0][0]
        return token.removeprefix("<|").removesuffix("|>"), float(probability)

    def write_down(
        self,
        samples: Samples,
        clip: Clip,
        language: str,
        task: Task,
        *,
        max_tokens: int | None = None,
    ) -> list[Heard]:
        """Write down what is said in `clip`, a part of the recording `samples`.

        Only by beam search: a temperature above 0 samples, and CTranslate2's random numbers go on
        from call to call, so that the same recording would get another transcript each time.
        """
        found, _ = self.transcribe(
            clip.cut(samples),
            language=language,
            task=task,
            word_timestamps=True,
            beam_size=_BEAM_SIZE,
            temperature=[0.0],
            max_new_tokens=max_tokens,
            log_prob_threshold=MIN_LOG_PROBABILITY,
            compression_ratio_threshold=MAX_COMPRESSION_RATIO,
            no_speech_threshold=None,
            # With the text before as a prompt, one bad window spoils all that follow.
            condition_on_previous_text=False,
        )
        return [
            _heard(list(window), clip, language)
            for _, window in groupby(found, key=lambda segment: segment.seek)
        ]


def _heard(window: Sequence[Any], clip: Clip, language: str) -> Heard:
    segments = [part for segment in window for part in _segments(segment, clip, language)]
    return Heard(
        tuple(segments),
        Evidence(
            float(window[0].avg_logprob),
            float(window[0].compression_ratio),
            float(window[0].no_speech_prob),
            [word for segment in segments for word in segment.words or ()],
        ),
    )


def _segments(found: Any, clip: Clip, language: str) -> list[Segment]:
    """A segment, divided where it reaches across a pause that was cut out."""
    placed = []
    for word in found.words or ():
        index, (start, end) = place((float(word.start), float(word.end)), clip.parts)
        placed.append((index, Word(word.word, start, end, float(word.probability))))
    if not placed:
        # Nothing was aligned; what was written down is not lost for that.
        index, (start, end) = place((float(found.start), float(found.end)), clip.parts)
        placed = [(index, Word(found.text, start, end, float(np.exp(found.avg_logprob))))]
    divided = [
        [word for _, word in group] for _, group in groupby(placed, key=lambda pair: pair[0])
    ]
    return [
        Segment(
            id=number,
            start=words[0].start,
            end=words[-1].end,
            text=found.text if len(divided) == 1 else "".join(word.text for word in words),
            average_log_probability=float(found.avg_logprob),
            no_speech_probability=float(found.no_speech_prob),
            compression_ratio=float(found.compression_ratio),
            temperature=float(found.temperature),
            tokens=() if number else tuple(found.tokens),
            words=tuple(words),
            language=language,
        )
        for number, words in enumerate(divided)
    ]
