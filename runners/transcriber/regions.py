"""How the speech of a recording is divided into the clips that Whisper transcribes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from runners.transcriber.transcript import SAMPLE_RATE
from runners.transcriber.voice_activity import (
    FRAME_SAMPLES,
    FRAMES_PER_SECOND,
    WINDOW_SECONDS,
    Clip,
    FrameRange,
    Region,
    VoiceActivity,
    true_runs,
)


def clip_of(region: Region, voice: VoiceActivity, total: int) -> Clip:
    """The speech of a region with its padding, without the long pauses.

    `total` is the number of samples of the recording.
    """
    before = round(voice.seconds_before * SAMPLE_RATE)
    after = round(voice.seconds_after * SAMPLE_RATE)
    lowest, highest = region.bounds[0] * FRAME_SAMPLES, min(region.bounds[1] * FRAME_SAMPLES, total)
    parts: list[tuple[int, int]] = []
    previous = 0
    for first, last in region.spans:
        start = max(lowest, first * FRAME_SAMPLES - before)
        end = min(highest, last * FRAME_SAMPLES + after)
        if parts and voice.keeps_pause(previous, first):
            parts[-1] = (parts[-1][0], end)
        else:
            # The padding of neighbours may meet; no sample occurs twice.
            parts.append((max(start, parts[-1][1]) if parts else start, end))
        previous = last
    return Clip(tuple(parts))


def split_at_pauses(region: Region, voice: VoiceActivity, seconds: float) -> list[Region]:
    """Divide a region at its pauses into regions of at most `seconds`.

    A span that is longer is a region of its own. Half of a pause belongs to each side.
    """
    groups: list[tuple[FrameRange, ...]] = []
    remaining = list(region.spans)
    while remaining:
        count = 1
        while count < len(remaining) and _clip_seconds(remaining[: count + 1], voice) <= seconds:
            count += 1
        if count < len(remaining):
            count = _best_cut(remaining, count)
        groups.append(tuple(remaining[:count]))
        remaining = remaining[count:]
    return _regions(groups, region.bounds)


def _regions(groups: Sequence[tuple[FrameRange, ...]], bounds: FrameRange) -> list[Region]:
    cuts = [(before[-1][1] + after[0][0]) // 2 for before, after in pairwise(groups)]
    edges = [bounds[0], *cuts, bounds[1]]
    return [Region(spans, between) for spans, between in zip(groups, pairwise(edges), strict=True)]


def _clip_seconds(spans: Sequence[FrameRange], voice: VoiceActivity) -> float:
    """Length of the clip, padding included."""
    bounds = (0, len(voice.speech))
    clip = clip_of(Region(tuple(spans), bounds), voice, bounds[1] * FRAME_SAMPLES)
    return len(clip) / SAMPLE_RATE


def _best_cut(spans: Sequence[FrameRange], count: int) -> int:
    """Cut at the longest pause in the last third, not at the last pause that fits."""
    start = spans[0][0]
    late = start + (spans[count - 1][1] - start) * 2 / 3
    cuts = [n for n in range(1, count + 1) if spans[n - 1][1] >= late]
    return max(cuts, key=lambda n: (spans[n][0] - spans[n - 1][1], n))


def speech_windows(voice: VoiceActivity) -> list[Region]:
    """The speech of a recording in windows that Whisper transcribes at once, cut at pauses."""
    if not voice.speech.any():
        return []
    everything = Region(tuple(true_runs(voice.speech)), (0, len(voice.speech)))
    return [
        window
        for chunk in _chunks(everything, voice)
        for window in split_at_pauses(chunk, voice, WINDOW_SECONDS)
    ]


def _chunks(region: Region, voice: VoiceActivity) -> list[Region]:
    """Divide at every pause of the requested length; one chunk if no length was requested."""
    if voice.detection.pause_seconds is None:
        return [region]
    groups: list[list[FrameRange]] = []
    for span in region.spans:
        if groups and voice.keeps_pause(groups[-1][-1][1], span[0]):
            groups[-1].append(span)
        else:
            groups.append([span])
    return _regions([tuple(group) for group in groups], region.bounds)


def most_likely_window(voice: VoiceActivity, part: FrameRange) -> FrameRange:
    """The half minute of a part that is most likely to contain speech."""
    first, last = part
    length = int(WINDOW_SECONDS * FRAMES_PER_SECOND)
    if last - first <= length:
        return part
    cumulated = np.concatenate([[0.0], np.cumsum(voice.probabilities)])
    sums = cumulated[first + length : last + 1] - cumulated[first : last + 1 - length]
    start = first + int(np.argmax(sums))
    return start, start + length
