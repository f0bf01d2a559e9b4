"""From the bytes of an upload to samples, in memory.

The format is found by ffmpeg's own probing of the content; names and media types play no part. No
picture or video decoder ever sees an upload: of a video only the audio track is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import av
import av.container
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from samo.audio import completeness, refusals
from samo.audio.ffmpeg import Upload
from samo.audio.formats import (
    CONTAINERS,
    DECODERS,
    FFMPEG_OPTIONS,
    MAX_AUDIO_TRACKS,
    MAX_CHANNELS,
    READABLE_FORMATS,
    SAMPLE_RATES,
)
from samo.audio.layout import Part, split
from samo.audio.mixing import mix, speech_energy
from samo.audio.sound import SAMPLE_RATE, Audio, Gap, Samples
from samo.errors import AudioTooLong, SamoError, UndecodableAudio, UnsupportedAudio
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
# Another track is taken for the first one where it has this many times its speech energy.
_LOUDER_TRACK: Final = 2.0


def decode(data: bytes) -> Audio:
    """Decode an uploaded recording, mixed down to mono and resampled to 16 kHz.

    Files that were joined byte by byte are decoded one after another. Of several audio tracks the
    one with the most speech is taken.

    Raises:
        UnsupportedAudio: `data` is empty, or in no audio format that is read here.
        UndecodableAudio: The file is damaged, cut short or a fragment.
        AudioTooLong: It is longer than `MAX_AUDIO_SECONDS`; decoding stops there.

    """
    if not data:
        raise refusals.empty()
    limit = _Limit()
    heard: list[Audio] = []
    for part in split(data):
        with suppress(refusals.NoSound):
            heard.append(_decode_part(part, limit))
    if not heard:
        raise refusals.no_sound()
    if len(heard) == 1:
        return heard[0]
    gaps: list[Gap] = []
    seconds = 0.0
    for audio in heard:
        gaps += [Gap(gap.at + seconds, gap.seconds) for gap in audio.gaps]
        seconds += audio.duration
    samples = np.concatenate([audio.samples for audio in heard])
    return Audio(samples, SAMPLE_RATE, heard[0].container, heard[0].codec, tuple(gaps))


class _Limit:
    """What is left of the length that a recording may have: exact, for any sample rates."""

    def __init__(self) -> None:
        self._left = Fraction(MAX_AUDIO_SECONDS) + PADDING_SECONDS

    def spend(self, samples: int, rate: int) -> None:
        """Raise `AudioTooLong` where the samples of a frame pass the limit."""
        self._left -= Fraction(samples, rate)
        if self._left < 0:
            raise AudioTooLong(
                f"The recording is longer than {MAX_AUDIO_SECONDS:g} s: upload it in parts.",
                max_seconds=MAX_AUDIO_SECONDS,
            )

    def copy(self) -> _Limit:
        """Another that has as much left."""
        made = _Limit()
        made._left = self._left
        return made


@dataclass
class _Track:
    """An audio track, decoded; `limit` is what it left of the length."""

    samples: Samples
    codec: str
    gaps: list[Gap]
    limit: _Limit


def _decode_part(part: Part, limit: _Limit) -> Audio:
    """Decode one file: all its audio tracks, of which the one that speaks is kept."""
    best: _Track | None = None
    best_energy = 0.0
    failure: SamoError | None = None
    name, index, count = "", 0, 1
    while index < count:
        try:
            with av.open(
                Upload(part.data),
                mode="r",
                container_options={**FFMPEG_OPTIONS, "format_whitelist": part.demuxers},
                metadata_errors="ignore",
                io_open=refusals.opens_other_files,
            ) as container:
                name = CONTAINERS[container.format.name]
                streams = _readable_streams(container, name)
                count = len(streams)
                track = _decode_track(container, streams[index], name, part, limit.copy())
        except AudioTooLong:
            raise
        except SamoError as error:
            failure = failure or error
        except (av.FFmpegError, ValueError, IndexError, KeyError, MemoryError) as error:
            # PyAV reports broken headers as any of these.
            refusals.raise_unreadable(part.data, error)
        else:
            energy = speech_energy(track.samples) if count > 1 else 0.0
            if best is None or energy > _LOUDER_TRACK * best_energy:
                best, best_energy = track, energy
        index += 1
    if best is None:
        assert failure is not None  # noqa: S101  # for mypy: no track without one
        raise failure
    limit._left = best.limit._left
    return Audio(best.samples, SAMPLE_RATE, name, best.codec, tuple(best.gaps))


def _readable_streams(container: av.container.InputContainer, name: str) -> list[AudioStream]:
    streams = list(container.streams.audio)
    if not streams and container.streams.video:
        raise UnsupportedAudio("The upload is a video without sound: send a recording.")
    if not streams:
        raise UnsupportedAudio(f"The upload holds no audio: send {READABLE_FORMATS}.")
    if len(streams) > MAX_AUDIO_TRACKS:
        raise UnsupportedAudio(
            f"The upload has {len(streams)} audio tracks: send one of them.",
            max_tracks=MAX_AUDIO_TRACKS,
        )
    # None where ffmpeg knows no decoder.
    codecs = [stream.codec_context.name if stream.codec_context else None for stream in streams]
    readable = [s for s, codec in zip(streams, codecs, strict=True) if codec in DECODERS]
    if not readable:
        raise refusals.unknown_codec(name, codecs[0])
    return readable


def _decode_track(
    container: av.container.InputContainer,
    stream: AudioStream,
    name: str,
    part: Part,
    limit: _Limit,
) -> _Track:
    _check_channels(stream.codec_context.layout.nb_channels)
    # Before anything is decoded: what is stated may change with the first frame.
    stated = completeness.stated_seconds(container, stream, name, part.data)
    packets_stated = completeness.stated_packets(stream, name)
    decoding = _Decoding(container, stream, name, limit)
    samples = decoding.samples()
    seconds = len(samples) / SAMPLE_RATE
    gaps = decoding.gaps
    if part.breaks_off:
        raise completeness.breaks_off(seconds)
    share = part.missing_share
    if packets_stated:
        share = max(share, 1 - decoding.packets_read / packets_stated)
    missing = seconds * share / (1 - share) if share < 1 else 0.0
    if stated is not None:
        rest = stated - seconds - sum(gap.seconds for gap in gaps)
        if name != "webm":
            missing = max(missing, rest)
        elif rest > MIN_GAP_SECONDS:
            # All its blocks are complete: the recorder's clock ran on in a pause.
            gaps.append(Gap(seconds, rest))
    completeness.require_whole(seconds, missing)
    if decoding.too_broken():
        raise UndecodableAudio("The recording is damaged: large parts of it cannot be decoded.")
    if not len(samples):
        raise refusals.no_sound()
    if not decoding.last_frame_complete:
        raise completeness.breaks_off(seconds)
    codec = stream.codec_context.codec.canonical_name
    return _Track(samples, codec, gaps, limit)


@dataclass
class _Decoding:
    """One pass over the packets of a stream, and what was noticed on the way."""

    container: av.container.InputContainer
    stream: AudioStream
    name: str
    limit: _Limit
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
            _check_channels(channels)
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


def _check_channels(channels: int) -> None:
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
