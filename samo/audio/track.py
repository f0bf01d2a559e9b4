"""Decode one audio track packet by packet to mono samples, with limited length and size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import av
import av.container
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from runners.cancellation import stop_if_cancelled
from runners.errors import AudioTooLong, UndecodableAudio, UnsupportedAudio
from samo.audio import audio_errors, completeness
from samo.audio.formats import MAX_CHANNELS, SAMPLE_RATES
from samo.audio.mixing import mix
from samo.audio.types import SAMPLE_RATE, Gap, Samples
from samo.limits import MAX_AUDIO_SECONDS

PADDING_SECONDS: Final = 1
"""Codecs pad the last frame, so a recording of exactly the limit may decode to a bit more."""
MIN_GAP_SECONDS: Final = 0.5
"""Opus has a packet every 0.4 s during silence (DTX); fragments of recorders last 1 s or more."""

# A block of a long recording: 4 MB of mono, 31 MB of eight channels.
BLOCK_SAMPLES: Final = 60 * SAMPLE_RATE

# One damaged packet is a click; a file with this many cannot be transcribed well.
_MAX_FAILED_PACKETS: Final = 50
_MAX_FAILED_SHARE: Final = 0.1
_MAX_PACKETS: Final = 200_000
"""300 s in packets of 2.5 ms, the shortest of Opus, are 120,000."""
_MAX_PACKET_BYTES: Final = 64 * 1024 * 1024
"""For 300 s."""


class RemainingDuration:
    """Duration that a recording may still have; an exact fraction, for all sample rates."""

    def __init__(self, max_seconds: float | None = None) -> None:
        self.max_seconds = MAX_AUDIO_SECONDS if max_seconds is None else max_seconds
        self.seconds_left = Fraction(self.max_seconds) + PADDING_SECONDS

    @property
    def factor(self) -> int:
        """How many times longer than that of a request the recording may be."""
        return max(1, math.ceil(self.max_seconds / MAX_AUDIO_SECONDS))

    def spend(self, samples: int, rate: int) -> None:
        """Subtract the samples of a frame. Raises `AudioTooLong` if none are left."""
        self.seconds_left -= Fraction(samples, rate)
        self.check(0.0)

    def check(self, missing: float) -> None:
        """Raise `AudioTooLong` if `missing` more seconds would exceed the limit."""
        if self.seconds_left < missing:
            raise AudioTooLong(
                f"The recording is longer than {self.max_seconds:g} s: divide it into parts.",
                max_seconds=self.max_seconds,
            )

    def copy(self) -> RemainingDuration:
        """Return an independent copy."""
        copy = RemainingDuration(self.max_seconds)
        copy.seconds_left = self.seconds_left
        return copy


@dataclass
class TrackDecoder:
    """Decodes the packets of a stream once, and counts gaps and failed packets."""

    container: av.container.InputContainer
    stream: AudioStream
    name: str
    remaining: RemainingDuration
    gaps: list[Gap] = field(default_factory=list)
    packets_read: int = 0
    failed_packets: int = 0
    last_frame_complete: bool = True
    _seconds: Fraction = Fraction(0)
    _expected: Fraction | None = None

    def blocks(self, length: int | None) -> Iterator[Samples]:
        """Decode the track: float32, 16 kHz, mono.

        Blocks of at least `length` samples are mixed separately; None mixes the entire track.
        """
        blocks: list[Samples] = []
        in_blocks = 0
        resampler: AudioResampler | None = None
        shape = ("", "", 0, 0)
        for frame in self._frames():
            if frame.sample_rate not in SAMPLE_RATES:
                raise UndecodableAudio(f"A sample rate of {frame.sample_rate} Hz is not supported.")
            channels = frame.layout.nb_channels
            check_channels(channels)
            # Before the resampler allocates memory for what a wrong header declares.
            self.remaining.spend(frame.samples, frame.sample_rate)
            self._look_for_gap(frame)
            changed = (frame.format.name, frame.layout.name, channels, frame.sample_rate)
            if shape != changed:
                # The format of MP3 and Ogg may change; that of a resampler cannot.
                if resampler is not None:
                    blocks += _resample(resampler, None, shape[2])
                    yield from _mixed(blocks)
                    blocks, in_blocks = [], 0
                # Not planar: PyAV reads out of bounds if a planar frame has nine channels or more.
                resampler = AudioResampler(format="flt", layout=frame.layout, rate=SAMPLE_RATE)
                shape = changed
            assert resampler is not None  # noqa: S101  # for mypy: set with the first shape
            # Without timestamps: the resampler would fill gaps with silence.
            frame.pts = None
            resampled = _resample(resampler, frame, channels)
            blocks += resampled
            in_blocks += sum(map(len, resampled))
            if length is not None and in_blocks >= length:
                yield from _mixed(blocks)
                blocks, in_blocks = [], 0
        if resampler is not None:
            blocks += _resample(resampler, None, shape[2])
        yield from _mixed(blocks)

    def has_too_many_errors(self) -> bool:
        """Whether too many packets failed for a usable recording."""
        return self.failed_packets > _MAX_FAILED_SHARE * self.packets_read

    def _look_for_gap(self, frame: AudioFrame) -> None:
        length = Fraction(frame.samples, frame.sample_rate)
        if frame.pts is not None and frame.time_base:
            start = frame.pts * frame.time_base
            # The timestamps of a stream recorded from the network begin at any value.
            expected = self._expected if self._expected is not None else Fraction(0)
            if self._expected is not None or self.name in {"webm", "mp4"}:
                if start - expected > MIN_GAP_SECONDS:
                    self.gaps.append(Gap(float(self._seconds), float(start - expected)))
                if expected - start > MIN_GAP_SECONDS and self._expected is not None:
                    raise audio_errors.wrong_order()
            self._expected = start + length
        elif self._expected is not None:
            self._expected += length
        self._seconds += length

    def _frames(self) -> Iterator[AudioFrame]:
        frame_length = completeness.FRAME_LENGTHS.get(self.name)
        size = 0
        for packet in self.container.demux(self.stream):
            stop_if_cancelled()
            self.packets_read += bool(packet.size)
            size += packet.size
            factor = self.remaining.factor
            if self.packets_read > factor * _MAX_PACKETS or size > factor * _MAX_PACKET_BYTES:
                raise UndecodableAudio(
                    "The recording has more packets than its length can need: save it again as MP3."
                )
            length = frame_length(bytes(packet)) if frame_length and packet.size else 0
            if length:
                self.last_frame_complete = packet.size >= length
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.failed_packets += 1
                # After the last MP3 or ADTS frame, a packet that is no frame is a tag or padding.
                self.last_frame_complete &= frame_length is not None
                if self.failed_packets > _MAX_FAILED_PACKETS and self.has_too_many_errors():
                    return
                continue
            if packet.size and frame_length is None:
                self.last_frame_complete = True
            yield from frames


def check_channels(channels: int) -> None:
    """Raise `UnsupportedAudio` for more channels than are supported."""
    if channels > MAX_CHANNELS:
        raise UnsupportedAudio(
            f"The recording has {channels} channels: send it with at most {MAX_CHANNELS}.",
            max_channels=MAX_CHANNELS,
        )


def _resample(resampler: AudioResampler, frame: AudioFrame | None, channels: int) -> list[Samples]:
    return [
        block.to_ndarray().reshape(-1, channels).astype(np.float32, copy=False)
        for block in resampler.resample(frame)
    ]


def _mixed(blocks: list[Samples]) -> list[Samples]:
    """Mix blocks of shape (n, channels) to one block of shape (n,)."""
    if not blocks:
        return []
    samples = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    if not np.isfinite(samples).all():
        raise UndecodableAudio("The recording has samples that are not numbers.")
    np.clip(samples, -1.0, 1.0, out=samples)
    return [mix(samples)]
