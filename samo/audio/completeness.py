"""Compare the audio of a file with the length that its header declares.

ffmpeg decodes a truncated file without an error, but half an entry must not be analysed as if it
were complete. So the decoded length is compared with the declared one, and the last frame of MP3,
ADTS and AC-3 must be complete. `layout` checks the sizes of chunks, pages, blocks and fragments.
"""

from __future__ import annotations

import re
from typing import Final

import av.container
from av.audio.stream import AudioStream

from runners.errors import UndecodableAudio

_DECLARE_A_LENGTH: Final = frozenset(("flac", "aiff", "caf", "asf", "dsf", "wavpack", "webm", "au"))


def declared_seconds(
    container: av.container.InputContainer, stream: AudioStream, name: str, data: bytes
) -> float | None:
    """Return the length that the file's header declares, in seconds; None if it declares none.

    ffmpeg estimates a missing length from the bit rate or the size of the file. Such an estimate
    cannot reveal a truncated file and is not used.
    """
    pcm_in_mp4 = name == "mp4" and stream.codec_context.name.startswith("pcm_")
    if name == "mp3":
        return _mp3_seconds(data)
    if name not in _DECLARE_A_LENGTH and not pcm_in_mp4:
        return None
    if name == "webm" and not _declares_matroska_duration(data):
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    duration = container.duration
    return None if duration is None else duration / av.time_base


def declared_packets(stream: AudioStream, name: str) -> int:
    """Return the number of packets in an MP4's table; 0 if the table does not list packets.

    The table reveals missing packets; the duration does not, because a paused recorder writes one
    packet as long as the pause. Packets that an edit list removes are not counted: they are in the
    table, but not in ffmpeg's index. Trimming a recording on a phone creates such a list.
    """
    # for PCM the table lists single values
    pcm = stream.codec_context.name.startswith("pcm_")
    # in a fragmented file the table is empty, and the index has the packets that were found
    listed = stream.frames and len(stream.index_entries)
    return int(listed) if name == "mp4" and not pcm else 0


def is_incomplete(decoded: float, missing: float) -> bool:
    """Whether more than 1 s and more than 5 % of the recording is missing."""
    return missing > max(1.0, 0.05 * (decoded + missing))


def incomplete_error(decoded: float, missing: float) -> UndecodableAudio:
    """Return the error for a recording that is shorter than its header declares."""
    expected_seconds = decoded + missing
    return UndecodableAudio(
        f"The recording ends after {decoded:.1f} s but its header promises"
        f" {expected_seconds:.1f} s: upload the complete file.",
        decoded_seconds=round(decoded, 2),
        promised_seconds=round(expected_seconds, 2),
    )


def truncated_error(decoded: float) -> UndecodableAudio:
    """Return the error for an incomplete last frame, page or block."""
    return UndecodableAudio(
        f"The recording breaks off in the middle of a frame after {decoded:.1f} s:"
        " upload the complete file.",
        decoded_seconds=round(decoded, 2),
    )


def _mp3_seconds(data: bytes) -> float | None:
    """Return the length by the number of frames in a Xing, Info or VBRI header, in seconds.

    That header is the first frame of an MP3. ffmpeg estimates the number instead if the file is
    longer than declared, because of a large tag or another file at its end.
    """
    found = _MP3_FRAME_COUNT.search(data, 0, 4096)
    if found is None:
        return None
    start = found.start()
    vbri = found[0] == b"VBRI"
    count = start + (14 if vbri else 8)
    frames = int.from_bytes(data[count : count + 4], "big")
    # the header follows the side information, whose length depends on version and channels
    for offset in (36,) if vbri else (36, 21, 13):
        header = data[max(0, start - offset) : start][:4]
        if start >= offset and _mp3_frame_length(header):
            version = header[1] >> 3 & 3
            return frames * (1152 if version == 3 else 576) / _mp3_hertz(header)
    return None


def _declares_matroska_duration(data: bytes) -> bool:
    """Whether there is a Duration element (0x4489, 4 or 8 bytes) before the first cluster."""
    header = data.partition(b"\x1f\x43\xb6\x75")[0]
    return b"\x44\x89\x84" in header or b"\x44\x89\x88" in header


# A Xing header has the number of frames if the lowest of its flags is set; VBRI always has it.
_MP3_FRAME_COUNT: Final = re.compile(
    rb"(Xing|Info)...[\x01\x03\x05\x07\x09\x0b\x0d\x0f]|VBRI", re.S
)

_MP3_KBITS: Final = {
    # (is MPEG-1, layer) -> kbit/s by index; other layers do not occur.
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _mp3_frame_length(packet: bytes) -> int:
    """Return the bytes of an MPEG audio frame by its header; 0 if it is not a frame.

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
    """Return the bytes of an ADTS frame by its header; 0 if not a frame. ISO 14496-3, 1.A.3.2."""
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        return 0
    return (packet[3] & 3) << 11 | packet[4] << 3 | packet[5] >> 5


_AC3_KBITS: Final = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
)  # fmt: skip


def _ac3_frame_length(packet: bytes) -> int:
    """Return the bytes of an AC-3 or E-AC-3 frame; 0 if not a frame. ETSI TS 102 366."""
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
