"""Whether all the sound is there that a file's own header states.

ffmpeg decodes a file that was cut short without a word. A journal entry that lacks its second half
must not pass as the whole, so what the header states is compared with what came out, where a header
states anything, and in MP3 and ADTS the last frame must be complete. `layout` looks at the sizes of
chunks, pages, blocks and fragments.
"""

from __future__ import annotations

import re
from typing import Final

import av.container
from av.audio.stream import AudioStream

from runners.errors import UndecodableAudio

_STATE_A_LENGTH: Final = frozenset(("flac", "aiff", "caf", "asf", "dsf", "wavpack", "webm", "au"))


def stated_seconds(
    container: av.container.InputContainer, stream: AudioStream, name: str, data: bytes
) -> float | None:
    """Length that the file's own header states; None where it states none.

    ffmpeg fills the gap with a guess from the bit rate or the file's size. Both would be wrong
    judges of whether the file is whole, so only true statements are let through.
    """
    pcm_in_mp4 = name == "mp4" and stream.codec_context.name.startswith("pcm_")
    if name == "mp3":
        return _mp3_seconds(data)
    if name not in _STATE_A_LENGTH and not pcm_in_mp4:
        return None
    if name == "webm" and not _states_matroska_duration(data):
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    duration = container.duration
    return None if duration is None else duration / av.time_base


def stated_packets(stream: AudioStream, name: str) -> int:
    """Packets that an MP4's table lists; 0 where none are listed one by one.

    The table, not the duration, says what is missing: a recorder that was paused leaves one packet
    with the duration of the pause. Packets that an edit list cuts out are not counted: ffmpeg's
    index, unlike the table, lacks them. Trimming a recording on a phone leaves such a list.
    """
    # in PCM the table lists single values
    pcm = stream.codec_context.name.startswith("pcm_")
    # in a fragmented file the table is empty, and the index holds what was found
    listed = stream.frames and len(stream.index_entries)
    return int(listed) if name == "mp4" and not pcm else 0


def require_whole(decoded: float, missing: float) -> None:
    """Raise where more than a second, and more than 5 % of the whole, is missing."""
    whole = decoded + missing
    if missing > max(1.0, 0.05 * whole):
        raise UndecodableAudio(
            f"The recording ends after {decoded:.1f} s but its header promises {whole:.1f} s:"
            " upload it whole.",
            decoded_seconds=round(decoded, 2),
            promised_seconds=round(whole, 2),
        )


def breaks_off(decoded: float) -> UndecodableAudio:
    """The last frame, page or block is incomplete."""
    return UndecodableAudio(
        f"The recording breaks off in the middle of a frame after {decoded:.1f} s:"
        " upload it whole.",
        decoded_seconds=round(decoded, 2),
    )


def _mp3_seconds(data: bytes) -> float | None:
    """Length by the count of frames in a Xing, Info or VBRI header, which is an MP3's first frame.

    ffmpeg takes a guess for the count where the file is longer than the header states, as it is
    with a large tag at its end, or with another file.
    """
    found = _MP3_FRAME_COUNT.search(data, 0, 4096)
    if found is None:
        return None
    at = found.start()
    vbri = found[0] == b"VBRI"
    frames = int.from_bytes(data[at + 14 : at + 18] if vbri else data[at + 8 : at + 12], "big")
    # the header follows the side information, whose length depends on version and channels
    for offset in (36,) if vbri else (36, 21, 13):
        header = data[max(0, at - offset) : at][:4]
        if at >= offset and _mp3_frame_length(header):
            version = header[1] >> 3 & 3
            return frames * (1152 if version == 3 else 576) / _mp3_hertz(header)
    return None


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
    hertz = _mp3_hertz(packet)
    slots = 72 if layer == 3 and version != 3 else 144
    return slots * kbits[bitrate] * 1000 // hertz + padding


def _mp3_hertz(packet: bytes) -> int:
    version, rate = packet[1] >> 3 & 3, packet[2] >> 2 & 3
    return (44_100, 48_000, 32_000)[rate] >> {3: 0, 2: 1, 0: 2}[version]


def _adts_frame_length(packet: bytes) -> int:
    """Bytes that an ADTS header announces; 0 where it is no frame. ISO 14496-3, 1.A.3.2."""
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        return 0
    return (packet[3] & 3) << 11 | packet[4] << 3 | packet[5] >> 5


_AC3_KBITS: Final = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
)  # fmt: skip


def _ac3_frame_length(packet: bytes) -> int:
    """Bytes that an AC-3 or E-AC-3 header announces; 0 where it is no frame. ETSI TS 102 366."""
    if len(packet) < 6 or packet[:2] != b"\x0b\x77":
        return 0
    if packet[5] >> 3 > 10:
        return 2 * (((packet[2] & 7) << 8 | packet[3]) + 1)
    rate, code = packet[4] >> 6, packet[4] & 63
    if rate == 3 or code // 2 >= len(_AC3_KBITS):
        return 0
    kbits = _AC3_KBITS[code // 2]
    return (4 * kbits, 2 * (kbits * 960 // 441 + code % 2), 6 * kbits)[rate]


FRAME_LENGTHS: Final = {
    "mp3": _mp3_frame_length,
    "aac": _adts_frame_length,
    "ac3": _ac3_frame_length,
    "eac3": _ac3_frame_length,
}
