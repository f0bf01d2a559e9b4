"""From the bytes of an upload to samples, in memory, and a word on how good the recording is.

The format is found by ffmpeg's own probing of the content; names and media types play no part.
Only plain containers and audio codecs are switched on, so a playlist that names other files or
addresses (HLS, concat) is never read, and no picture or video decoder ever sees an upload.

ffmpeg decodes a file that was cut short without a word. A journal entry that lacks its second
half must not pass as the whole, so what the header promises is compared with what came out, where
a header promises anything, and in MP3, ADTS and Ogg the last frame or page must be complete.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

import av
import av.container
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.stream import Disposition

from samo.errors import AudioTooLong, UndecodableAudio, UnsupportedAudio
from samo.limits import MAX_AUDIO_SECONDS

SAMPLE_RATE: Final = 16_000
"""Samples a second of everything that `decode` returns: what Whisper eats."""

READABLE_FORMATS: Final = "WAV, MP3, M4A, AAC, OGG (Opus or Vorbis), WebM and FLAC"

Quality = Literal["excellent", "good", "fair", "poor"]

# ffmpeg's demuxers -> the names that answers give.
_CONTAINERS: Final = {
    "wav": "wav",
    "mp3": "mp3",
    "aac": "aac",
    "ogg": "ogg",
    "flac": "flac",
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "matroska,webm": "webm",
}
# fmt: off
_DECODERS: Final = (
    "aac", "alac", "flac", "libopus", "libvorbis", "mp3", "mp3float", "opus", "vorbis",
    "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be",
    "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le",
)
# fmt: on
_OPTIONS: Final = {
    "format_whitelist": "wav,mp3,aac,ogg,flac,mov,matroska",
    "codec_whitelist": ",".join(_DECODERS),
    # No format on the list opens a second file; this holds even if one learns to.
    "protocol_whitelist": "none",
}
# How a file begins that is meant to be one of the formats above.
_SIGNATURES: Final = re.compile(
    rb"RIFF....WAVE|RF64....WAVE|ID3|\xff[\xe2-\xff]|OggS|fLaC|....ftyp|\x1a\x45\xdf\xa3", re.DOTALL
)

# Telephones record 8 kHz, studios 192 kHz. Far beyond that a header lies, and resampling from
# 1 Hz would turn a few bytes into gigabytes.
_SAMPLE_RATES: Final = range(4_000, 768_001)
# One broken packet is a click; a file that breaks this often is not worth a transcript.
_MAX_BROKEN_PACKETS: Final = 50
_MAX_BROKEN_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded recording: mono, 16 kHz."""

    samples: npt.NDArray[np.float32]
    """Shape (n,), within [-1, 1]."""
    sample_rate: int
    """Samples a second, always `SAMPLE_RATE`."""
    container: str
    """wav, mp3, aac, ogg, flac, mp4 (which M4A is) or webm."""
    codec: str
    """The codec's name in ffmpeg, such as "opus" or "pcm_s16le"."""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


def decode(data: bytes) -> Audio:
    """Decode an uploaded recording, mixed down to mono and resampled to 16 kHz.

    Raises:
        UnsupportedAudio: `data` is empty, no audio format read here, or has a video track.
        UndecodableAudio: The file is damaged or cut short.
        AudioTooLong: It is longer than `MAX_AUDIO_SECONDS`; decoding stops there.

    """
    if not data:
        raise UnsupportedAudio(f"The upload is empty: send a recording as {READABLE_FORMATS}.")
    try:
        with av.open(
            io.BytesIO(data),
            mode="r",
            container_options=_OPTIONS,
            metadata_errors="ignore",
            io_open=_refuse_to_open,
        ) as container:
            return _decode_container(container, data)
    except (av.FFmpegError, ValueError, IndexError, MemoryError) as error:
        # PyAV reports broken headers as any of these.
        _raise_unreadable(data, error)


def assess_quality(audio: Audio) -> Quality:
    """Say how well a recording can be understood, from its level, clipping and noise.

    The energy of frames of 25 ms gives the level (95th percentile, dB below full scale) and, less
    its 10th percentile, an estimate of the signal-to-noise ratio: speech has pauses, in which the
    noise stands alone. The lowest word of the three counts:

        |           | level      | signal-to-noise ratio | samples at full scale |
        | excellent | >= -35 dB  | >= 25 dB              | <= 0.01 %             |
        | good      | >= -42 dB  | >= 15 dB              | <= 0.1 %              |
        | fair      | >= -50 dB  | >= 8 dB               | <= 1 %                |
        | poor      | below      | below                 | above                 |

    Less than 0.1 s is poor.
    """
    frame = SAMPLE_RATE // 40
    count = len(audio.samples) // frame
    if count < 4:
        return "poor"
    frames = audio.samples[: count * frame].reshape(count, frame)
    # The floor is 16-bit silence: digital zeros would make any ratio infinite.
    energy = np.maximum(10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12), -90.0)
    noise, level = np.percentile(energy, [10, 95])
    clipped = float(np.mean(np.abs(audio.samples) >= 0.999))
    rules: tuple[tuple[Quality, float, float, float], ...] = (
        ("excellent", -35.0, 25.0, 0.0001),
        ("good", -42.0, 15.0, 0.001),
        ("fair", -50.0, 8.0, 0.01),
    )
    for quality, min_level, min_ratio, max_clipped in rules:
        if level >= min_level and level - noise >= min_ratio and clipped <= max_clipped:
            return quality
    return "poor"


def _decode_container(container: av.container.InputContainer, data: bytes) -> Audio:
    name = _CONTAINERS[container.format.name]
    for video in container.streams.video:
        if not video.disposition & Disposition.attached_pic:
            raise UnsupportedAudio("The upload is a video: send only its audio track.")
    if not container.streams.audio:
        raise UnsupportedAudio(f"The upload holds no audio: send {READABLE_FORMATS}.")
    stream = container.streams.audio[0]
    # None where ffmpeg knows no decoder.
    codec = stream.codec_context.name if stream.codec_context else "in it"
    if codec not in _DECODERS:
        raise UnsupportedAudio(f"The audio codec {codec} is not read: send {READABLE_FORMATS}.")

    promised = _promised_seconds(container, stream, data)
    decoding = _Decoding(container, stream)
    blocks = list(decoding.blocks())
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    seconds = len(samples) / SAMPLE_RATE
    if promised is not None and promised - seconds > max(1.0, 0.05 * promised):
        raise UndecodableAudio(
            f"The recording ends after {seconds:.1f} s but its header promises {promised:.1f} s:"
            " upload it whole.",
            decoded_seconds=round(seconds, 2),
            promised_seconds=round(promised, 2),
        )
    if decoding.too_broken():
        raise UndecodableAudio("The recording is damaged: large parts of it cannot be decoded.")
    if not len(samples):
        raise UndecodableAudio("The recording holds no sound at all: it has a header and no audio.")
    if not decoding.last_frame_complete or (name == "ogg" and not _last_ogg_page_complete(data)):
        raise UndecodableAudio(
            f"The recording breaks off in the middle of a frame after {seconds:.1f} s:"
            " upload it whole.",
            decoded_seconds=round(seconds, 2),
        )
    if not np.isfinite(samples).all():
        raise UndecodableAudio("The recording holds samples that are not numbers.")
    np.clip(samples, -1.0, 1.0, out=samples)
    return Audio(samples, SAMPLE_RATE, name, codec.removesuffix("float").removeprefix("lib"))


class _Decoding:
    """One pass over the packets of a stream, and what was noticed on the way."""

    def __init__(self, container: av.container.InputContainer, stream: AudioStream) -> None:
        self._container = container
        self._stream = stream
        self._packets = 0
        self._broken = 0
        self.last_frame_complete = True

    def blocks(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the samples in blocks of shape (n,), float32, 16 kHz, mono."""
        resampler: AudioResampler | None = None
        shape: tuple[object, ...] = ()
        seconds = 0.0
        for frame in self._frames():
            if frame.sample_rate not in _SAMPLE_RATES:
                raise UndecodableAudio(f"A sample rate of {frame.sample_rate} Hz is not read.")
            # Before the resampler allocates anything: a header's lie must cost nothing.
            seconds += frame.samples / frame.sample_rate
            if seconds > MAX_AUDIO_SECONDS:
                raise AudioTooLong(
                    f"The recording is longer than {MAX_AUDIO_SECONDS:g} s: upload it in parts.",
                    max_seconds=MAX_AUDIO_SECONDS,
                )
            if shape != (frame.format.name, frame.layout.name, frame.sample_rate):
                # MP3 and Ogg may change in the middle; a resampler may not.
                if resampler is not None:
                    yield from _resample(resampler, None)
                resampler = AudioResampler(format="fltp", layout=frame.layout, rate=SAMPLE_RATE)
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
            assert resampler is not None  # noqa: S101  # for mypy: set with the first shape
            # Timestamps with gaps would be filled with silence: the samples are what counts.
            frame.pts = None
            yield from _resample(resampler, frame)
        if resampler is not None:
            yield from _resample(resampler, None)

    def too_broken(self) -> bool:
        """Whether so many packets failed that the rest makes no recording."""
        return self._broken > _MAX_BROKEN_SHARE * self._packets

    def _frames(self) -> Iterator[AudioFrame]:
        frame_length = _FRAME_LENGTHS.get(self._container.format.name)
        for packet in self._container.demux(self._stream):
            self._packets += 1
            length = frame_length(bytes(packet)) if frame_length and packet.size else 0
            if length:
                self.last_frame_complete = packet.size >= length
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self._broken += 1
                # What is no frame behind the last MP3 or ADTS frame is a tag or padding.
                self.last_frame_complete &= frame_length is not None
                if self._broken > _MAX_BROKEN_PACKETS and self.too_broken():
                    return
                continue
            if packet.size and frame_length is None:
                self.last_frame_complete = True
            yield from frames


def _resample(
    resampler: AudioResampler, frame: AudioFrame | None
) -> Iterator[npt.NDArray[np.float32]]:
    for resampled in resampler.resample(frame):
        # Mixed down here: ffmpeg's own matrix makes stereo 3 dB louder, and loud stereo clip.
        yield resampled.to_ndarray().mean(axis=0, dtype=np.float32)


def _promised_seconds(
    container: av.container.InputContainer, stream: AudioStream, data: bytes
) -> float | None:
    """Length that the file's own header states; None where it states none.

    ffmpeg fills the gap with a guess from the bit rate or, in WAV, the file's size. Both would
    be wrong judges of whether the file is whole, so only true statements are let through.
    """
    name = _CONTAINERS[container.format.name]
    if name == "wav":
        return _promised_by_wav(data)
    if name in {"aac", "ogg"}:
        return None
    if name == "mp3" and not _states_mp3_frames(data):
        return None
    if name == "webm" and not _states_matroska_duration(data):
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    duration = container.duration
    return None if duration is None else duration / av.time_base


def _promised_by_wav(data: bytes) -> float | None:
    position, block, rate = 12, 0, 0
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        if kind == b"fmt " and position + 24 <= len(data):
            rate, _, block = struct.unpack_from("<IIH", data, position + 12)
        if kind == b"data":
            # Writers that stream cannot know the size and leave 0 or a value near 2 or 4 GiB.
            streamed = size == 0 or size >= 0x7000_0000
            return None if streamed or not block or not rate else size / block / rate
        position += 8 + size + size % 2
    return None


def _states_mp3_frames(data: bytes) -> bool:
    """Whether an MP3's first frame is a Xing, Info or VBRI header with a count of frames."""
    start = 0
    if data[:3] == b"ID3" and len(data) >= 10:
        a, b, c, d = data[6:10]
        start = 10 + (a << 21 | b << 14 | c << 7 | d)
    # Behind the tag there may be padding.
    return _MP3_FRAME_COUNT.search(data, start, start + 4096) is not None


def _states_matroska_duration(data: bytes) -> bool:
    """Whether a Duration element (0x4489, 4 or 8 bytes) stands before the first cluster."""
    header = data.partition(b"\x1f\x43\xb6\x75")[0]
    return b"\x44\x89\x84" in header or b"\x44\x89\x88" in header


# A Xing header counts frames where the lowest of its flags is set; VBRI always does.
_MP3_FRAME_COUNT: Final = re.compile(
    rb"(Xing|Info)...[\x01\x03\x05\x07\x09\x0b\x0d\x0f]|VBRI", re.S
)

_MP3_KBITS: Final = {
    # (MPEG-1?, layer) -> kbit/s by index; layer 3 and 2 are all that is met.
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _mp3_frame_length(packet: bytes) -> int:
    """Bytes that the header of an MPEG audio frame announces; 0 where it is no frame.

    ISO 11172-3, 2.4.1.3.
    """
    if len(packet) < 4 or packet[0] != 0xFF or packet[1] & 0xE0 != 0xE0:
        return 0
    version, layer = packet[1] >> 3 & 3, 4 - (packet[1] >> 1 & 3)
    bitrate, rate, padding = packet[2] >> 4, packet[2] >> 2 & 3, packet[2] >> 1 & 1
    kbits = _MP3_KBITS.get((version == 3, layer))
    if version == 1 or kbits is None or bitrate in {0, 15} or rate == 3:
        return 0
    hertz = (44_100, 48_000, 32_000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    slots = 72 if layer == 3 and version != 3 else 144
    return slots * kbits[bitrate] * 1000 // hertz + padding


def _adts_frame_length(packet: bytes) -> int:
    """Bytes that an ADTS header announces; 0 where it is no frame. ISO 14496-3, 1.A.3.2."""
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        return 0
    return (packet[3] & 3) << 11 | packet[4] << 3 | packet[5] >> 5


_FRAME_LENGTHS: Final = {"mp3": _mp3_frame_length, "aac": _adts_frame_length}


def _last_ogg_page_complete(data: bytes) -> bool:
    """Whether the last Ogg page has all the bytes that its lacing values sum to. RFC 3533."""
    start = data.rfind(b"OggS")
    lacing = start + 27
    if lacing > len(data):
        return False
    count = data[lacing - 1]
    return lacing + count + sum(data[lacing : lacing + count]) <= len(data)


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise UnsupportedAudio("The upload refers to other files: send the recording itself.")


def _raise_unreadable(data: bytes, error: Exception) -> NoReturn:
    if _SIGNATURES.match(data):
        raise UndecodableAudio(
            "The recording is damaged or cut short: its header cannot be read. Upload it whole,"
            f" as {READABLE_FORMATS}."
        ) from error
    raise UnsupportedAudio(
        f"The upload is no audio file that is read here: send {READABLE_FORMATS}."
    ) from error
