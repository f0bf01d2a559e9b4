"""A window as faster-whisper returns it, with times in the recording and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from runners.transcriber.plausibility import Evidence
from runners.transcriber.timestamps import to_recording_time
from runners.transcriber.transcript import Segment, SpokenWord
from runners.transcriber.voice_activity import Clip


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """Whisper's output for up to 30 seconds; times count from the start of the recording."""

    segments: tuple[Segment, ...]
    evidence: Evidence


def decoded_window(
    found: Sequence[Any], clip: Clip, language: str, frames_per_second: int
) -> DecodedWindow:
    """The segments that faster-whisper found in a window of `clip`; there must be one."""
    start = found[0].seek / frames_per_second
    _, (window_start, _) = to_recording_time((start, start + 0.01), clip.parts)
    segments = [
        part
        for segment in found
        for part in _segments(segment, clip, language, round(window_start, 2))
    ]
    return DecodedWindow(
        tuple(segments),
        Evidence(
            float(found[0].avg_logprob),
            float(found[0].compression_ratio),
            float(found[0].no_speech_prob),
            [word for segment in segments for word in segment.words or ()],
        ),
    )


def _segments(found: Any, clip: Clip, language: str, window_start: float) -> Iterator[Segment]:
    """A segment of faster-whisper, divided at the pauses that were cut out within it."""
    aligned_words = []
    for word in found.words or ():
        index, (start, end) = to_recording_time((float(word.start), float(word.end)), clip.parts)
        aligned_words.append((index, SpokenWord(word.word, start, end, float(word.probability))))
    if not aligned_words:
        # Nothing was aligned; the text is kept as one word.
        index, (start, end) = to_recording_time((float(found.start), float(found.end)), clip.parts)
        probability = float(np.exp(found.avg_logprob))
        aligned_words = [(index, SpokenWord(found.text, start, end, probability))]
    divided = [
        [word for _, word in group] for _, group in groupby(aligned_words, key=lambda pair: pair[0])
    ]
    for number, words in enumerate(divided):
        yield Segment(
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
            window_start=window_start,
            token_scores=() if number else getattr(found.tokens, "scores", ()),
        )
