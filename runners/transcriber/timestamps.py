"""Times of words and segments: from a clip to the recording, and within its bounds.

Whisper transcribes a clip from which long pauses were cut out, and its times may exceed the end of
the clip. These functions convert them to times in the recording and enforce, for all words and
segments: 0 <= start < end <= duration, in order, and none spans a pause that was cut out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from runners.transcriber.transcript import SAMPLE_RATE, Segment, SpokenWord
from runners.transcriber.voice_activity import FRAMES_PER_SECOND, Mask

_MIN_WORD_SECONDS: Final = 0.02
"""The resolution of Whisper's alignment."""

_MIN_PAUSE_SECONDS: Final = 1.0
"""A gap between words of this length is a pause, and does not count as speech."""

# The voice activity detector notices an "s" or an "f" late.
_ONSET_SECONDS: Final = 0.1
_MAX_EARLY_SECONDS: Final = 0.3

Spans = list[tuple[float, float]]


def to_seconds(samples: int) -> float:
    """Length of `samples` in seconds, to the millisecond."""
    return round(samples / SAMPLE_RATE, 3)


def to_recording_time(
    span: tuple[float, float], parts: Sequence[tuple[int, int]]
) -> tuple[int, tuple[float, float]]:
    """Convert a span of seconds in joined parts of a recording to seconds in the recording.

    Returns the index of the part that contains most of the span, and the span cut to that part.
    """
    start, end = span[0] * SAMPLE_RATE, span[1] * SAMPLE_RATE
    offset = 0
    best_index, best_overlap, result = 0, -math.inf, (0.0, 0.0)
    for index, (first, last) in enumerate(parts):
        low, high = max(start, offset), min(end, offset + last - first)
        if high - low > best_overlap:
            best_index, best_overlap = index, high - low
            # A span outside all parts is moved to the nearest edge of one.
            inside = [min(max(time + first - offset, first), last) for time in (low, high)]
            result = (min(inside) / SAMPLE_RATE, max(inside) / SAMPLE_RATE)
        offset += last - first
    return best_index, result


def clamp_spans(spans: Sequence[tuple[float, float]], duration: float) -> Spans:
    """Move spans as little as possible so that 0 <= start < end <= duration, in order.

    The result is rounded to milliseconds; `duration` must be, too, and last at least two
    milliseconds per span.
    """
    min_seconds = min(_MIN_WORD_SECONDS, duration / max(1, len(spans)))
    clamped: Spans = []
    previous_end = 0.0
    for index, (start, end) in enumerate(spans):
        # The spans after this one need room, too.
        latest_end = duration - min_seconds * (len(spans) - index - 1)
        new_start = max(previous_end, min(start, latest_end - min_seconds))
        if index + 1 < len(spans):
            end = min(end, max(spans[index + 1][0], new_start + min_seconds))
        new_end = min(max(end, new_start + min_seconds), latest_end)
        clamped.append((new_start, new_end))
        previous_end = new_end
    return [(round(start, 3), round(end, 3)) for start, end in clamped]


def clamp_words(words: Sequence[SpokenWord], duration: float) -> list[SpokenWord]:
    """Apply `clamp_spans` to the words of a recording."""
    spans = clamp_spans([(word.start, word.end) for word in words], duration)
    return [
        replace(word, start=start, end=end) for word, (start, end) in zip(words, spans, strict=True)
    ]


def trim_leading_pauses(segments: Sequence[Segment], speech: Mask) -> list[Segment]:
    """Start each segment with its speech: alignment stretches first words over the pause before."""
    return [_trim_leading_pause(segment, speech) for segment in segments]


def _trim_leading_pause(segment: Segment, speech: Mask) -> Segment:
    if not segment.words:
        return segment
    first = segment.words[0]
    frame = int(first.start * FRAMES_PER_SECOND)
    voiced = np.flatnonzero(speech[frame : int(first.end * FRAMES_PER_SECOND)])
    if not len(voiced) or voiced[0] <= _MAX_EARLY_SECONDS * FRAMES_PER_SECOND:
        return segment
    start = (frame + int(voiced[0])) / FRAMES_PER_SECOND - _ONSET_SECONDS
    return replace(segment, words=(replace(first, start=start), *segment.words[1:]))


def clamp_segments(segments: Sequence[Segment], duration: float) -> tuple[Segment, ...]:
    """Number segments and clamp their words; a segment starts and ends with its words."""
    words = iter(clamp_words([w for s in segments for w in s.words or ()], duration))
    clamped = []
    for number, segment in enumerate(segments):
        its_words = tuple(next(words) for _ in segment.words or ())
        clamped.append(
            replace(
                segment,
                id=number,
                start=its_words[0].start,
                end=its_words[-1].end,
                words=its_words,
            )
        )
    return tuple(clamped)


def speech_seconds(segments: Sequence[Segment]) -> float:
    """Seconds from the first to the last word, without gaps of a second or more."""
    words = [word for segment in segments for word in segment.words or ()]
    gaps = [after.start - before.end for before, after in pairwise(words)]
    if not words:
        return 0.0
    total = words[-1].end - words[0].start
    return round(total - sum(gap for gap in gaps if gap >= _MIN_PAUSE_SECONDS), 3)
