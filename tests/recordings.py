"""Generated recordings: every container and codec that PyAV can write, and some built by hand."""

import io
import struct
import zlib
from fractions import Fraction

import av
import numpy as np

from samo.audio import SAMPLE_RATE

SECONDS = 3.0

# Container, codec and options of `encode`, for every format that PyAV writes and SAMO decodes.
WRITABLE: dict[str, tuple[str, str, dict]] = {
    "wav": ("wav", "pcm_s16le", {}),
    "wav 24 bit stereo": ("wav", "pcm_s24le", {"layout": "stereo"}),
    "wav float": ("wav", "pcm_f32le", {"rate": 8_000}),
    "wav mu-law": ("wav", "pcm_mulaw", {"rate": 8_000}),
    "wav ms adpcm": ("wav", "adpcm_ms", {}),
    "wav ima adpcm": ("wav", "adpcm_ima_wav", {"layout": "stereo"}),
    "wav yamaha adpcm": ("wav", "adpcm_yamaha", {}),
    "wav g722": ("wav", "g722", {"rate": 16_000}),
    "wav g726": ("wav", "g726", {"rate": 8_000}),
    "wav mp3": ("wav", "libmp3lame", {}),
    "rf64": ("wav", "pcm_s16le", {"rf64": "always"}),
    "wave64": ("w64", "pcm_s16le", {}),
    "aiff": ("aiff", "pcm_s16be", {}),
    "caf": ("caf", "pcm_s16le", {}),
    "caf alac": ("caf", "alac", {}),
    "caf ima adpcm": ("caf", "adpcm_ima_qt", {}),
    "au": ("au", "pcm_s16be", {}),
    "mp3": ("mp3", "libmp3lame", {}),
    "mp3 without Xing header": ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),
    "mp2": ("mp2", "mp2", {}),
    "adts": ("adts", "aac", {"rate": 44_100}),
    "ac3": ("ac3", "ac3", {}),
    "eac3": ("eac3", "eac3", {}),
    "amr": ("amr", "libopencore_amrnb", {"rate": 8_000}),
    "ogg opus": ("ogg", "libopus", {}),
    "ogg vorbis": ("ogg", "vorbis", {"rate": 44_100, "layout": "stereo"}),
    "webm": ("webm", "libopus", {}),
    "webm without duration, as Chrome records": ("webm", "libopus", {"live": "1"}),
    "mka aac": ("matroska", "aac", {}),
    "mka pcm": ("matroska", "pcm_s16le", {}),
    "flac": ("flac", "flac", {"layout": "stereo"}),
    "m4a": ("ipod", "aac", {"layout": "stereo"}),
    "m4a alac": ("ipod", "alac", {}),
    "fragmented mp4, as Safari records": (
        "mp4",
        "aac",
        {"movflags": "frag_keyframe+empty_moov"},
    ),
    "mov": ("mov", "pcm_s16le", {}),
    "3gp": ("3gp", "libopencore_amrnb", {"rate": 8_000}),
    "wma": ("asf", "wmav2", {}),
    "wavpack": ("wv", "wavpack", {}),
}


def tone(seconds=SECONDS, rate=48_000, hertz=440.0, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


def syllables(seconds=SECONDS, rate=48_000, amplitude=0.5):
    """Return a tone that is switched on and off at 3 Hz, about the rate of syllables."""
    on = np.sin(2 * np.pi * 3 * np.arange(int(seconds * rate)) / rate) > 0
    return tone(seconds, rate, amplitude=amplitude) * on


def mux(output, stream, samples, layout, rate):
    """Encode samples of shape (channels, n) into a stream."""
    # Packed samples, because PyAV fills at most seven planes.
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples.T).reshape(1, -1), format="flt", layout=layout
    )
    frame.sample_rate = rate
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        output.mux(packet)


def encode(
    container, codec, *, seconds=SECONDS, rate=48_000, layout="mono", samples=None, **options
):
    """Encode a tone of 440 Hz, or `samples` of shape (channels, n)."""
    file = io.BytesIO()
    channels = {"mono": 1, "stereo": 2}.get(layout) or len(samples)
    if samples is None:
        samples = np.repeat(tone(seconds, rate)[None, :], channels, axis=0)
    with av.open(file, "w", format=container, container_options=options) as output:
        # ffmpeg's Vorbis encoder is marked as experimental.
        stream = output.add_stream(
            codec, rate=rate, layout=layout, options={"strict": "experimental"}
        )
        if codec.startswith("wma"):
            stream.bit_rate = 64_000
        mux(output, stream, samples.astype(np.float32), layout, rate)
    return file.getvalue()


def make(name):
    """Return a recording in the format `name` of `WRITABLE`."""
    container, codec, options = WRITABLE[name]
    return encode(container, codec, **options)


def wav(samples, rate=SAMPLE_RATE, data_size=None, kind=1, channels=1):
    """Return a WAV file; `data_size` replaces the size in its header."""
    body = samples.tobytes()
    width = samples.dtype.itemsize
    size = len(body) if data_size is None else data_size
    return (
        b"RIFF"
        + struct.pack("<I", min(size + 36, 0xFFFFFFFF))
        + b"WAVEfmt "
        + struct.pack(
            "<IHHIIHH",
            16,
            kind,
            channels,
            rate,
            rate * width * channels,
            width * channels,
            8 * width,
        )
        + b"data"
        + struct.pack("<I", size)
        + body
    )


def pcm(seconds=SECONDS, rate=SAMPLE_RATE):
    return (tone(seconds, rate) * 32767).astype("<i2")


def picture():
    """Return a PNG of one grey pixel."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0\x80"))
        + chunk(b"IEND", b"")
    )


def id3(frame_id, body, flags=0):
    """Return an ID3 tag with one frame."""

    def syncsafe(size):
        return bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])

    frame = frame_id + syncsafe(len(body)) + struct.pack(">H", flags) + body
    return b"ID3\x04\0\0" + syncsafe(len(frame)) + frame


def mp3_with_cover():
    tag = id3(b"APIC", b"\0image/png\0\x03\0" + picture())
    return tag + encode("mp3", "libmp3lame", id3v2_version="0")


def video(with_audio=True):
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        pictures = output.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        sound = output.add_stream("aac", rate=48_000, layout="mono") if with_audio else None
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((96, 64), index, np.uint8), format="yuv420p")
            for packet in pictures.encode(frame):
                output.mux(packet)
        for packet in pictures.encode(None):
            output.mux(packet)
        if sound is not None:
            mux(output, sound, tone(1.0)[None, :], "mono", 48_000)
    return file.getvalue()


def tracks(*sounds, container="ipod", rate=48_000):
    """Return a file with several audio tracks, from samples of shape (n,) each."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        streams = [output.add_stream("aac", rate=rate, layout="mono") for _ in sounds]
        for stream, sound in zip(streams, sounds, strict=True):
            mux(output, stream, sound.astype(np.float32)[None, :], "mono", rate)
    return file.getvalue()


def with_hole(container, codec, *, before=2.0, hole=4.0, after=1.0, rate=48_000, **options):
    """Return a recording whose timestamps jump ahead by `hole` seconds, as after a pause."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, container_options=options) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            tone(before + after, rate)[None, :], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            if packet.pts * packet.time_base >= before:
                packet.pts += int(hole / packet.time_base)
                packet.dts += int(hole / packet.time_base)
            output.mux(packet)
    return file.getvalue()


def box(kind, *content):
    """Return an MP4 box."""
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def index_first(data):
    """Return an M4A with its index before the audio, as players that stream need it."""
    start = data.index(b"moov") - 4
    head, media, index = data[:28], data[28:start], bytearray(data[start:])
    assert head[4:8] == b"ftyp"
    offsets = index.index(b"stco") + 8
    (count,) = struct.unpack_from(">I", index, offsets)
    for at in range(offsets + 4, offsets + 4 + 4 * count, 4):
        struct.pack_into(">I", index, at, struct.unpack_from(">I", index, at)[0] + len(index))
    return head + bytes(index) + media


def edited(data, *entries):
    """Return an M4A with another edit list: pairs of length in ms and start in the track's units.

    The index must come after the audio data, because its size changes.
    """
    at = data.index(b"elst") - 4
    (size,) = struct.unpack_from(">I", data, at)
    listed = b"".join(struct.pack(">IiI", *entry, 1 << 16) for entry in entries)
    new = box(b"elst", struct.pack(">II", 0, len(entries)), listed)
    edited_file = bytearray(data[:at] + new + data[at + size :])
    for parent in (b"edts", b"trak", b"moov"):
        start = data.index(parent) - 4
        (stated,) = struct.unpack_from(">I", data, start)
        struct.pack_into(">I", edited_file, start, stated + len(new) - size)
    return bytes(edited_file)


def mp4_with_tables(*, samples=10, trun=None, tracks=1):
    """Return an MP4 of 2 kB whose header declares any number of samples or tracks."""

    def full(kind, body, flags=0):
        return box(kind, struct.pack(">I", flags) + body)

    entry = box(b"mp4a", struct.pack(">6xHHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0, 16_000 << 16))
    listed = 0 if trun else samples
    stbl = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1) + entry),
        full(b"stts", struct.pack(">III", 1, listed, 1024)),
        full(b"stsc", struct.pack(">IIII", 1, 1, listed, 1)),
        full(b"stsz", struct.pack(">II", 100, listed)),
        full(b"stco", struct.pack(">II", 1, 48)),
    )
    media = box(
        b"mdia",
        full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 16_000, 0, 0, 0)),
        full(b"hdlr", struct.pack(">I4s12x", 0, b"soun") + b"\0"),
        box(b"minf", full(b"smhd", bytes(4)), stbl),
    )
    traks = [
        box(b"trak", full(b"tkhd", struct.pack(">IIIII", 0, 0, i, 0, 0) + bytes(60)), media)
        for i in range(1, tracks + 1)
    ]
    fragmented = [box(b"mvex", full(b"trex", struct.pack(">IIIII", 1, 1, 1024, 1, 0)))]
    movie = box(
        b"moov",
        full(b"mvhd", struct.pack(">IIII", 0, 0, 1000, 0) + bytes(80)),
        *traks,
        *(fragmented if trun else []),
    )
    fragment = box(
        b"moof",
        full(b"mfhd", struct.pack(">I", 1)),
        box(
            b"traf",
            full(b"tfhd", struct.pack(">I", 1), 0x020000),
            full(b"tfdt", struct.pack(">I", 0)),
            full(b"trun", struct.pack(">I", trun or 0)),
        ),
    )
    start = box(b"ftyp", b"M4A \0\0\0\0M4A ") + movie
    return start + (fragment if trun else b"") + box(b"mdat", bytes(2000))
