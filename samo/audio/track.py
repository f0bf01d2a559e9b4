"""One audio track, packet by packet, to mono samples: bounded in length, packets and bytes."""

from __future__ import annotations

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
from samo.audio import completeness, refusals
from samo.audio.formats import MAX_CHANNELS, SAMPLE_RATES
from samo.audio.mixing import mix
from samo.audio.sound import SAMPLE_RATE, Gap, Samples
from samo.limits import MAX_AUDIO_SECONDS

PADDING_SECONDS: Final = 1
"""Codecs pad their last frame: a recording of exactly the limit may decode to a little more."""
MIN_GAP_SECONDS: Final = 0.5
"""Opus sends a packet each 0.4 s in silence (DTX); recorders write fragments of 1 s or more."""

# One broken packet is a click; a file that breaks this often is not worth a transcript.
_MAX_BROKEN_PACKETS: Final = 50
_MAX_BROKEN_SHARE: Final = 0.1
_MAX_PACKETS: Final = 200_000
"""300 s of packets of 2.5 ms, Opus' shortest, are 120,000."""
_MAX_PACKET_BYTES: Final = 64 * 1024 * 1024


class Limit:
    """What is left of the length that a recording may have: exact, for any sample rates."""

    def __init__(self) -> None:
        self.left = Fraction(MAX_AUDIO_SECONDS) + PADDING_SECONDS

    def spend(self, samples: int, rate: int) -> None:
        """Raise `AudioTooLong` where the samples of a frame pass the limit."""
        self.left -= Fraction(samples, rate)
        if self.left < 0:
            raise AudioTooLong(
                f"The recording is longer than {MAX_AUDIO_SECONDS:g} s: upload it in parts.",
                max_seconds=MAX_AUDIO_SECONDS,
            )

    def copy(self) -> Limit:
        """Another that has as much left."""
        made = Limit()
        made.left = self.left
        return made


@dataclass
class TrackDecoder:
    """One pass over the packets of a stream, and what was noticed on the way."""

    container: av.container.InputContainer
    stream: AudioStream
    name: str
    limit: Limit
    gaps: list[Gap] = field(default_factory=list)
    packets_read: int = 0
    broken: int = 0
    last_frame_complete: bool = True
    _seconds: Fraction = Fraction(0)
    _expected: Fraction | None = None

    def samples(self) -> Samples:
        """The whole track: float32, 16 kHz, mono."""
        made: list[Samples] = []
        blocks: list[Samples] = []
        resampler: AudioResampler | None = None
        shape = ("", "", 0, 0)
        for frame in self._frames():
            if frame.sample_rate not in SAMPLE_RATES:
                raise UndecodableAudio(f"A sample rate of {frame.sample_rate} Hz is not read.")
            channels = frame.layout.nb_channels
            check_channels(channels)
            # Before the resampler allocates anything: a header's lie must cost nothing.
            self.limit.spend(frame.samples, frame.sample_rate)
            self._look_for_gap(frame)
            changed = (frame.format.name, frame.layout.name, channels, frame.sample_rate)
            if shape != changed:
                # MP3 and Ogg may change in the middle; a resampler may not.
                if resampler is not None:
                    blocks += _resample(resampler, None, shape[2])
                    made += _mixed(blocks)
                    blocks = []
                # Packed: PyAV reads beyond a planar frame's pointers from the ninth channel on.
                resampler = AudioResampler(format="flt", layout=frame.layout, rate=SAMPLE_RATE)
                shape = changed
            assert resampler is not None  # noqa: S101  # for mypy: set with the first shape
            # Timestamps with gaps would be filled with silence: the samples are what counts.
            frame.pts = None
            blocks += _resample(resampler, frame, channels)
        if resampler is not None:
            blocks += _resample(resampler, None, shape[2])
        made += _mixed(blocks)
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def too_broken(self) -> bool:
        """Whether so many packets failed that the rest makes no recording."""
        return self.broken > _MAX_BROKEN_SHARE * self.packets_read

    def _look_for_gap(self, frame: AudioFrame) -> None:
        length = Fraction(frame.samples, frame.sample_rate)
        if frame.pts is not None and frame.time_base:
            start = frame.pts * frame.time_base
            # A stream that is recorded from the network begins anywhere.
            expected = self._expected if self._expected is not None else Fraction(0)
            if self._expected is not None or self.name in {"webm", "mp4"}:
                if start - expected > MIN_GAP_SECONDS:
                    self.gaps.append(Gap(float(self._seconds), float(start - expected)))
                if expected - start > MIN_GAP_SECONDS and self._expected is not None:
                    raise refusals.wrong_order()
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
            if self.packets_read > _MAX_PACKETS or size > _MAX_PACKET_BYTES:
                raise UndecodableAudio(
                    "The recording has more packets than its length can need: save it anew, as MP3."
                )
            length = frame_length(bytes(packet)) if frame_length and packet.size else 0
            if length:
                self.last_frame_complete = packet.size >= length
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.broken += 1
                # What is no frame behind the last MP3 or ADTS frame is a tag or padding.
                self.last_frame_complete &= frame_length is not None
                if self.broken > _MAX_BROKEN_PACKETS and self.too_broken():
                    return
                continue
            if packet.size and frame_length is None:
                self.last_frame_complete = True
            yield from frames


def check_channels(channels: int) -> None:
    """Raise where there are more channels than are read."""
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
    """Blocks of shape (n, channels) as one of mono."""
    if not blocks:
        return []
    whole = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    if not np.isfinite(whole).all():
        raise UndecodableAudio("The recording holds samples that are not numbers.")
    np.clip(whole, -1.0, 1.0, out=whole)
    return [mix(whole)]
