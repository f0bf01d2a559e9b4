"""Decode an upload to samples, in memory.

ffmpeg detects the format from the content; file names and media types are ignored. Only audio
decoders are allowed: of a video, only the audio track is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

import av
import av.container
import numpy as np
from av.audio.stream import AudioStream

from runners.errors import AudioTooLong, SamoError, UndecodableAudio, UnsupportedAudio
from samo.audio import audio_errors, completeness
from samo.audio.ffmpeg import Upload
from samo.audio.formats import (
    CONTAINERS,
    DECODERS,
    FFMPEG_OPTIONS,
    MAX_AUDIO_TRACKS,
    READABLE_FORMATS,
)
from samo.audio.layout import Part, split_files
from samo.audio.mixing import speech_energy
from samo.audio.track import MIN_GAP_SECONDS, RemainingDuration, TrackDecoder, check_channels
from samo.audio.types import SAMPLE_RATE, Audio, Gap, Samples

# A later track is used instead of an earlier one if it has this many times its speech energy.
_LOUDER_TRACK: Final = 2.0


def decode(data: bytes) -> Audio:
    """Decode an uploaded recording, mixed down to mono and resampled to 16 kHz.

    Concatenated files are decoded one after another. Of several audio tracks, the one with the most
    speech is used.

    Raises:
        UnsupportedAudio: `data` is empty or not in a supported audio format.
        UndecodableAudio: The file is damaged, truncated or a fragment.
        AudioTooLong: It is longer than `MAX_AUDIO_SECONDS`; decoding stops there.

    """
    if not data:
        raise audio_errors.empty()
    remaining = RemainingDuration()
    decoded: list[Audio] = []
    for part in split_files(data):
        sink = _MemorySink()
        with suppress(audio_errors.NoAudioSamples):
            track = decode_part(part, remaining, sink)
            decoded.append(
                Audio(sink.kept, SAMPLE_RATE, track.container, track.codec, tuple(track.gaps))
            )
    if not decoded:
        raise audio_errors.no_audio_samples()
    if len(decoded) == 1:
        return decoded[0]
    gaps: list[Gap] = []
    seconds = 0.0
    for audio in decoded:
        gaps += [Gap(gap.start + seconds, gap.seconds) for gap in audio.gaps]
        seconds += audio.duration
    samples = np.concatenate([audio.samples for audio in decoded])
    return Audio(samples, SAMPLE_RATE, decoded[0].container, decoded[0].codec, tuple(gaps))


class Sink(Protocol):
    """Where the samples of a track go."""

    @property
    def block_samples(self) -> int | None:
        """Length of the blocks in which a track is mixed; None for the entire track."""
        ...

    def begin(self) -> None:
        """A track begins; another one before it that was not kept is discarded."""
        ...

    def add(self, samples: Samples) -> None:
        """Samples of the track, of shape (n,)."""
        ...

    def speech_energy(self) -> float:
        """Energy above the noise floor, of the entire track."""
        ...

    def keep(self) -> None:
        """Keep the track instead of the one kept before."""
        ...


class _MemorySink:
    """Keeps a track in memory."""

    block_samples = None

    def __init__(self) -> None:
        self.kept: Samples = np.zeros(0, np.float32)
        self._track: list[Samples] = []

    def begin(self) -> None:
        self._track = []

    def add(self, samples: Samples) -> None:
        self._track.append(samples)

    def speech_energy(self) -> float:
        # of the entire track, so that a greeting does not outweigh the entry
        samples = self._samples()
        return speech_energy(samples) * len(samples)

    def keep(self) -> None:
        self.kept = self._samples()

    def _samples(self) -> Samples:
        if len(self._track) != 1:
            self._track = [np.concatenate(self._track) if self._track else np.zeros(0, np.float32)]
        return self._track[0]


@dataclass
class DecodedTrack:
    """What is known of a decoded track; `remaining` is the duration that may follow it."""

    container: str
    codec: str
    sample_count: int
    gaps: list[Gap]
    remaining: RemainingDuration


def decode_part(
    part: Part,
    remaining: RemainingDuration,
    sink: Sink,
    open_file: Callable[[], BinaryIO] | None = None,
) -> DecodedTrack:
    """Decode all audio tracks of one file and keep the one with the most speech.

    Args:
        part: the file; only its beginning if `open_file` opens it.
        remaining: the duration it may have; what it has is subtracted.
        sink: gets the samples.
        open_file: opens the file for ffmpeg, once for each track.

    Raises as `decode`.
    """
    best: DecodedTrack | None = None
    best_energy = 0.0
    failure: SamoError | None = None
    name, index, count = "", 0, 1
    while index < count:
        try:
            with av.open(
                open_file() if open_file else Upload(part.data),
                mode="r",
                container_options={**FFMPEG_OPTIONS, "format_whitelist": part.demuxers},
                metadata_errors="ignore",
                io_open=audio_errors.refuse_external_file,
            ) as container:
                name = CONTAINERS[container.format.name]
                streams = _readable_streams(container, name)
                count = len(streams)
                sink.begin()
                track = _decode_track(container, streams[index], name, part, remaining.copy(), sink)
        except AudioTooLong:
            raise
        except SamoError as error:
            failure = failure or error
        except (av.FFmpegError, ValueError, IndexError, KeyError, MemoryError) as error:
            # PyAV reports damaged headers as any of these.
            audio_errors.raise_unreadable(part.data, error)
        else:
            energy = sink.speech_energy() if count > 1 else 0.0
            if best is None or energy > _LOUDER_TRACK * best_energy:
                best, best_energy = track, energy
                sink.keep()
        index += 1
    if best is None:
        assert failure is not None  # noqa: S101  # for mypy: no track without one
        raise failure
    remaining.seconds_left = best.remaining.seconds_left
    return best


def _readable_streams(container: av.container.InputContainer, name: str) -> list[AudioStream]:
    streams = list(container.streams.audio)
    if not streams and container.streams.video:
        raise UnsupportedAudio("The upload is a video without sound: send a recording.")
    if not streams:
        raise UnsupportedAudio(f"The upload has no audio: send {READABLE_FORMATS}.")
    if len(streams) > MAX_AUDIO_TRACKS:
        raise UnsupportedAudio(
            f"The upload has {len(streams)} audio tracks: send one of them.",
            max_tracks=MAX_AUDIO_TRACKS,
        )
    # None if ffmpeg has no decoder.
    codecs = [stream.codec_context.name if stream.codec_context else None for stream in streams]
    readable = [s for s, codec in zip(streams, codecs, strict=True) if codec in DECODERS]
    if not readable:
        raise audio_errors.unknown_codec(name, codecs[0])
    return readable


def _decode_track(
    container: av.container.InputContainer,
    stream: AudioStream,
    name: str,
    part: Part,
    remaining: RemainingDuration,
    sink: Sink,
) -> DecodedTrack:
    check_channels(stream.codec_context.layout.nb_channels)
    # Read before decoding, because the values may change with the first frame.
    declared_seconds = completeness.declared_seconds(container, stream, name, part.data)
    declared_packets = completeness.declared_packets(stream, name)
    decoder = TrackDecoder(container, stream, name, remaining)
    sample_count = 0
    for block in decoder.blocks(sink.block_samples):
        sink.add(block)
        sample_count += len(block)
    seconds = sample_count / SAMPLE_RATE
    gaps = decoder.gaps
    share = part.missing_share
    if declared_packets:
        share = max(share, 1 - decoder.packets_read / declared_packets)
    missing = seconds * share / (1 - share) if share < 1 else 0.0
    if declared_seconds is not None:
        rest = declared_seconds - seconds - sum(gap.seconds for gap in gaps)
        if name != "webm" or part.is_truncated:
            missing = max(missing, rest)
        elif rest > MIN_GAP_SECONDS:
            # All its blocks are complete: the recorder was paused, and its clock continued.
            gaps.append(Gap(seconds, rest))
    if part.is_truncated or completeness.is_incomplete(seconds, missing):
        remaining.check(missing)  # the complete file would be refused as too long
        raise (
            completeness.truncated_error(seconds)
            if part.is_truncated
            else completeness.incomplete_error(seconds, missing)
        )
    if decoder.has_too_many_errors():
        raise UndecodableAudio("The recording is damaged: large parts of it cannot be decoded.")
    if not sample_count:
        raise audio_errors.no_audio_samples()
    if not decoder.last_frame_complete:
        raise completeness.truncated_error(seconds)
    codec = stream.codec_context.codec.canonical_name
    return DecodedTrack(name, codec, sample_count, gaps, remaining)
