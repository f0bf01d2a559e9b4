"""From the bytes of an upload to samples, in memory.

The format is found by ffmpeg's own probing of the content; names and media types play no part. No
picture or video decoder ever sees an upload: of a video only the audio track is read.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import av
import av.container
import numpy as np
from av.audio.stream import AudioStream

from runners.errors import AudioTooLong, SamoError, UndecodableAudio, UnsupportedAudio
from samo.audio import completeness, refusals
from samo.audio.ffmpeg import Upload
from samo.audio.formats import (
    CONTAINERS,
    DECODERS,
    FFMPEG_OPTIONS,
    MAX_AUDIO_TRACKS,
    READABLE_FORMATS,
)
from samo.audio.layout import Part, split
from samo.audio.mixing import speech_energy
from samo.audio.sound import SAMPLE_RATE, Audio, Gap, Samples
from samo.audio.track import MIN_GAP_SECONDS, Limit, TrackDecoder, check_channels

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
    limit = Limit()
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


@dataclass
class _Track:
    """An audio track, decoded; `limit` is what it left of the length."""

    samples: Samples
    codec: str
    gaps: list[Gap]
    limit: Limit


def _decode_part(part: Part, limit: Limit) -> Audio:
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
            # of the whole track: a greeting is no match for the entry
            energy = speech_energy(track.samples) * len(track.samples) if count > 1 else 0.0
            if best is None or energy > _LOUDER_TRACK * best_energy:
                best, best_energy = track, energy
        index += 1
    if best is None:
        assert failure is not None  # noqa: S101  # for mypy: no track without one
        raise failure
    limit.left = best.limit.left
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
    limit: Limit,
) -> _Track:
    check_channels(stream.codec_context.layout.nb_channels)
    # Before anything is decoded: what is stated may change with the first frame.
    stated = completeness.stated_seconds(container, stream, name, part.data)
    packets_stated = completeness.stated_packets(stream, name)
    decoding = TrackDecoder(container, stream, name, limit)
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
