"""When it was said: times within a cut clip become times in the recording, and stay in it.

Whisper hears a clip without its long pauses and without what is no speech, and its times may reach
beyond the end of what it heard. These functions lead them back and hold them to one rule: for
every word and segment 0 <= start < end <= duration, in order, and none across a pause that was cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from runners.transcriber.transcript import SAMPLE_RATE, Segment, Word
from runners.transcriber.voice import FRAMES_PER_SECOND, Mask

_SHORTEST_SECONDS: Final = 0.02
"""The resolution of Whisper's alignment: no word is shorter."""

_PAUSE_SECONDS: Final = 1.0
"""A longer gap between words is no part of speaking."""

# The voice detector notices an "s" or an "f" late.
_ONSET_SECONDS: Final = 0.1
_EARLY_SECONDS: Final = 0.3

Spans = list[tuple[float, float]]


def seconds_of(samples: int) -> float:
    """Length in seconds, to the millisecond."""
    return round(samples / SAMPLE_RATE, 3)


def place(
    span: tuple[float, float], parts: Sequence[tuple[int, int]]
) -> tuple[int, tuple[float, float]]:
    """Lead a span of seconds in joined parts of a recording back to the recording.

    Returns the index of the part that holds most of the span, and the span cut to that part: it
    never reaches from one part into the next.
    """
    start, end = span[0] * SAMPLE_RATE, span[1] * SAMPLE_RATE
    offset = 0
    best, most, found = 0, -math.inf, (0.0, 0.0)
    for index, (first, last) in enumerate(parts):
        low, high = max(start, offset), min(end, offset + last - first)
        if high - low > most:
            best, most = index, high - low
            # A span that lies in no part is moved to the nearest edge of one.
            inside = [min(max(time + first - offset, first), last) for time in (low, high)]
            found = (min(inside) / SAMPLE_RATE, max(inside) / SAMPLE_RATE)
        offset += last - first
    return best, found


def settle(spans: Sequence[tuple[float, float]], duration: float) -> Spans:
    """Move spans as little as needed so that 0 <= start < end <= duration, in order.

    Times come out in milliseconds; `duration` must be in milliseconds too, and hold at least two
    of them per span.
    """
    shortest = min(_SHORTEST_SECONDS, duration / max(1, len(spans)))
    settled: Spans = []
    earliest = 0.0
    for index, (start, end) in enumerate(spans):
        # What follows needs room as well.
        latest_end = duration - shortest * (len(spans) - index - 1)
        begin = max(earliest, min(start, latest_end - shortest))
        if index + 1 < len(spans):
            end = min(end, max(spans[index + 1][0], begin + shortest))
        close = min(max(end, begin + shortest), latest_end)
        settled.append((begin, close))
        earliest = close
    return [(round(start, 3), round(end, 3)) for start, end in settled]


def settle_words(words: Sequence[Word], duration: float) -> list[Word]:
    """As `settle`, for the words of a whole recording."""
    spans = settle([(word.start, word.end) for word in words], duration)
    return [
        replace(word, start=start, end=end) for word, (start, end) in zip(words, spans, strict=True)
    ]


def begin_with_speech(segments: Sequence[Segment], speech: Mask) -> list[Segment]:
    """Let no segment begin long before its speech: alignment stretches first words over pauses."""
    return [_begin_with_speech(segment, speech) for segment in segments]


def _begin_with_speech(segment: Segment, speech: Mask) -> Segment:
    if not segment.words:
        return segment
    first = segment.words[0]
    frame = int(first.start * FRAMES_PER_SECOND)
    voiced = np.flatnonzero(speech[frame : int(first.end * FRAMES_PER_SECOND)])
    if not len(voiced) or voiced[0] <= _EARLY_SECONDS * FRAMES_PER_SECOND:
        return segment
    start = (frame + int(voiced[0])) / FRAMES_PER_SECOND - _ONSET_SECONDS
    return replace(segment, words=(replace(first, start=start), *segment.words[1:]))


def settle_segments(segments: Sequence[Segment], duration: float) -> tuple[Segment, ...]:
    """Number segments and settle their times, by their words: a segment ends with its last one."""
    words = iter(settle_words([w for s in segments for w in s.words or ()], duration))
    settled = []
    for number, segment in enumerate(segments):
        own = tuple(next(words) for _ in segment.words or ())
        settled.append(replace(segment, id=number, start=own[0].start, end=own[-1].end, words=own))
    return tuple(settled)


def spoken_seconds(segments: Sequence[Segment]) -> float:
    """Seconds from the words' beginnings to their ends, gaps of less than a second included."""
    words = [word for segment in segments for word in segment.words or ()]
    gaps = [after.start - before.end for before, after in pairwise(words)]
    if not words:
        return 0.0
    whole = words[-1].end - words[0].start
    return round(whole - sum(gap for gap in gaps if gap >= _PAUSE_SECONDS), 3)
