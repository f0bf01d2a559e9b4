"""Supported containers and codecs, and the signatures of their files.

These are allow-lists of formats that recorders write and ffmpeg decodes. Playlists, network
protocols and decoders of pictures and video are excluded.
"""

from __future__ import annotations

import re
from typing import Final

READABLE_FORMATS: Final = (
    "WAV, MP3, M4A, AAC, OGG (Opus, Vorbis or Speex), WebM, FLAC, AMR, 3GP, CAF, AIFF or WMA"
)
"""The well-known formats, for messages; `CONTAINERS` is the complete list."""
RECOMMENDED_FORMATS: Final = "WAV as PCM, MP3, M4A, OGG or FLAC"
"""Formats that every recorder and converter can write, for messages."""

CONTAINERS: Final = {
    "aac": "aac",
    "ac3": "ac3",
    "aiff": "aiff",
    "amr": "amr",
    "amrnb": "amr",
    "amrwb": "amr",
    "asf": "asf",
    "au": "au",
    "caf": "caf",
    "dsf": "dsf",
    "dss": "dss",
    "eac3": "eac3",
    "flac": "flac",
    "gsm": "gsm",
    "matroska,webm": "webm",
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "mp3": "mp3",
    "ogg": "ogg",
    "qcp": "qcp",
    "w64": "wav",
    "wav": "wav",
    "wv": "wavpack",
}
"""Container names by ffmpeg's demuxers."""

# fmt: off
DECODERS: Final = frozenset((
    "aac", "ac3", "alac", "eac3", "flac", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus",
    "libopus", "vorbis", "libvorbis", "speex", "wavpack",
    # telephones and dictation devices
    "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "gsm", "gsm_ms", "g722", "g723_1",
    "g726", "g726le", "ilbc", "qcelp", "dss_sp", "truespeech",
    "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_yamaha",
    "wmav1", "wmav2", "wmapro", "wmavoice", "wmalossless",
    "pcm_alaw", "pcm_mulaw", "pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_u16le",
    "pcm_u16be", "pcm_s24le", "pcm_s24be", "pcm_u24le", "pcm_u24be", "pcm_s32le", "pcm_s32be",
    "pcm_u32le", "pcm_u32be", "pcm_s64le", "pcm_s64be", "pcm_f32le", "pcm_f32be", "pcm_f64le",
    "pcm_f64be", "dsd_lsbf", "dsd_msbf", "dsd_lsbf_planar", "dsd_msbf_planar",
))
# fmt: on
"""ffmpeg's decoders that are allowed for uploads."""

FFMPEG_OPTIONS: Final = {
    # `format_whitelist` depends on the part, see `layout.Part`
    "codec_whitelist": ",".join(sorted(DECODERS)),
    # Not needed for the formats above, which open no second file, but a second line of defence.
    "protocol_whitelist": "none",
    # PyAV creates a codec context of 0.7 MB for each stream.
    "max_streams": "32",
}

SIGNATURES: Final = re.compile(
    rb"(?:RIFF|RF64|BW64|RIFX)....WAVE|FORM....AIF[FC]|riff\x2e\x91\xcf\x11|caff\x00\x01"
    rb"|ID3[\x02-\x04]|\xff[\xe2-\xff]|\x0b\x77|OggS|fLaC|#!AMR|wvpk|DSD \x1c\x00"
    rb"|....ftyp|\x1a\x45\xdf\xa3|\x30\x26\xb2\x75\x8e\x66\xcf\x11|\.snd\x00\x00"
    rb"|RIFF....QLCM|[\x02\x03]dss",
    re.DOTALL,
)
"""First bytes of the formats above."""

# The two bytes of MP3 and AC-3 are too short to detect a file that follows another.
_FOLLOWING: Final = re.compile(rb"(?!\xff|\x0b)(?:" + SIGNATURES.pattern + rb")", re.DOTALL)
_NOT_ZERO: Final = re.compile(rb"[^\x00]")


def file_begins(data: bytes, position: int) -> bool:
    """Whether a file of a supported format begins at `position`."""
    return _FOLLOWING.match(data, position) is not None


def next_file(data: bytes, position: int) -> int | None:
    """Return the offset of the next file after any zeros; None if there is something else."""
    found = _NOT_ZERO.search(data, position)
    if found is None:
        return None
    # an MP4 begins with the size of its first box, whose first bytes are zeros
    for start in range(max(position, found.start() - 3), found.start() + 1):
        if file_begins(data, start):
            return start
    return None


UNSUPPORTED_SIGNATURES: Final = (
    (rb"RIFF....AVI ", "an AVI video"),
    (rb"FLV\x01", "a Flash video"),
    (rb"\x00\x00\x01[\xba\xb3]", "an MPEG video"),
    (rb"\x47.{187}\x47", "an MPEG transport stream"),
    (rb"\.RMF|\.ra\xfd", "RealMedia"),
    (rb"MThd", "MIDI, which has notes and no sound"),
    (rb"MAC ", "Monkey's Audio"),
    (rb"TTA[12]", "True Audio"),
    (rb"MPCK|MP\+", "Musepack"),
    (rb"[\x03\x01]ds2", "an encrypted or DS2 dictation"),
    (rb"#EXTM3U|ffconcat|\[playlist\]", "a playlist, which names recordings and contains none"),
    (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b", "an archive: unpack it first"),
    (rb"%PDF", "a PDF"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP|....ftyp(?:heic|heix|mif1|avif)", "a picture"),
    # macOS creates these on disks of other systems and in archives
    (
        rb"\x00\x05\x16\x07|\x00\x05\x16\x00",
        "the metadata file that macOS creates next to a recording (AppleDouble, its name begins"
        " with ._): send the file without ._",
    ),
)
"""First bytes and names of formats that are not supported and that clients often send."""

# Telephones record at 8 kHz, studios at 192 kHz. A rate far beyond is wrong, and resampling from
# 1 Hz would turn a few bytes into gigabytes.
SAMPLE_RATES: Final = range(4_000, 768_001)
MAX_CHANNELS: Final = 8
"""7.1 has eight. All channels of a track are in memory until they are mixed, 19 MB each."""
MAX_AUDIO_TRACKS: Final = 8
"""All of them are decoded to find the one with the most speech."""
