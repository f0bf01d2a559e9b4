"""Uploads of every kind, made here in memory, and what becomes of them."""

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samo import audio as audio_module
from samo.audio import SAMPLE_RATE, Audio, assess_quality, decode
from samo.errors import AudioTooLong, SamoError, UndecodableAudio, UnsupportedAudio
from samo.limits import MAX_AUDIO_SECONDS

SECONDS = 3.0


def tone(seconds=SECONDS, rate=48_000, hertz=440.0, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


def encode(container, codec, *, seconds=SECONDS, rate=48_000, layout="mono", **options):
    """Encode a tone of 440 Hz."""
    file = io.BytesIO()
    channels = {"mono": 1, "stereo": 2}[layout]
    with av.open(file, "w", format=container, container_options=options) as output:
        # ffmpeg's own Vorbis encoder calls itself experimental.
        stream = output.add_stream(
            codec, rate=rate, layout=layout, options={"strict": "experimental"}
        )
        samples = np.repeat(tone(seconds, rate)[None, :], channels, axis=0)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = rate
        for packet in stream.encode(frame):
            output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return file.getvalue()


def wav(samples, rate=SAMPLE_RATE, data_size=None, kind=1):
    """A WAV as a recorder writes it, with any size in its header."""
    body = samples.tobytes()
    width = samples.dtype.itemsize
    size = len(body) if data_size is None else data_size
    return (
        b"RIFF"
        + struct.pack("<I", min(size + 36, 0xFFFFFFFF))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, kind, 1, rate, rate * width, width, 8 * width)
        + b"data"
        + struct.pack("<I", size)
        + body
    )


def pcm(seconds=SECONDS, rate=SAMPLE_RATE):
    return (tone(seconds, rate) * 32767).astype("<i2")


def picture():
    """A PNG of one grey pixel."""

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


def mp3_with_cover():
    body = b"\0image/png\0\x03\0" + picture()
    frame = b"APIC" + struct.pack(">IH", len(body), 0) + body
    size = len(frame)
    syncsafe = bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    return b"ID3\x03\0\0" + syncsafe + frame + encode("mp3", "libmp3lame", id3v2_version="0")


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
            frame = av.AudioFrame.from_ndarray(tone(1.0)[None, :], format="fltp", layout="mono")
            frame.sample_rate = 48_000
            for packet in [*sound.encode(frame), *sound.encode(None)]:
                output.mux(packet)
    return file.getvalue()


FORMATS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "wav": (lambda: encode("wav", "pcm_s16le"), "wav", "pcm_s16le"),
    "wav 24 bit stereo": (lambda: encode("wav", "pcm_s24le", layout="stereo"), "wav", "pcm_s24le"),
    "wav float": (lambda: encode("wav", "pcm_f32le", rate=8_000), "wav", "pcm_f32le"),
    "mp3": (lambda: encode("mp3", "libmp3lame"), "mp3", "mp3"),
    "mp3 without Xing header": (
        lambda: encode("mp3", "libmp3lame", write_xing="0", id3v2_version="0"),
        "mp3",
        "mp3",
    ),
    "mp3 with cover art": (mp3_with_cover, "mp3", "mp3"),
    "m4a": (lambda: encode("ipod", "aac", layout="stereo"), "mp4", "aac"),
    "fragmented mp4, as Safari records": (
        lambda: encode("mp4", "aac", movflags="frag_keyframe+empty_moov"),
        "mp4",
        "aac",
    ),
    "adts": (lambda: encode("adts", "aac", rate=44_100), "aac", "aac"),
    "ogg opus": (lambda: encode("ogg", "libopus"), "ogg", "opus"),
    "ogg vorbis": (
        lambda: encode("ogg", "vorbis", rate=44_100, layout="stereo"),
        "ogg",
        "vorbis",
    ),
    "webm": (lambda: encode("webm", "libopus"), "webm", "opus"),
    "webm without duration, as Chrome records": (
        lambda: encode("webm", "libopus", live="1"),
        "webm",
        "opus",
    ),
    "flac": (lambda: encode("flac", "flac", layout="stereo"), "flac", "flac"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_found_by_its_content(name):
    make, container, codec = FORMATS[name]
    audio = decode(make())
    assert (audio.container, audio.codec) == (container, codec)
    assert audio.sample_rate == SAMPLE_RATE
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    # Lossy codecs add up to two frames of padding.
    assert audio.duration == pytest.approx(SECONDS, abs=0.1)
    spectrum = np.abs(np.fft.rfft(audio.samples))
    assert np.argmax(spectrum) / audio.duration == pytest.approx(440, abs=1)
    # LAME turns the volume down by 5 %.
    assert np.sqrt(np.mean(audio.samples[4000:-4000] ** 2)) == pytest.approx(0.3536, rel=0.06)


@pytest.mark.parametrize(
    "size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFFFFF - 36, 0xFFFFFFFF - 44]
)
def test_a_streamed_wav_with_a_placeholder_for_its_size_is_read(size):
    assert decode(wav(pcm(), data_size=size)).duration == pytest.approx(SECONDS, abs=0.01)


def test_a_wav_with_chunks_before_the_data_is_read_and_judged():
    whole = wav(pcm())
    listed = whole[:36] + b"LIST" + struct.pack("<I", 5) + b"INFOx\0" + whole[36:]
    assert decode(listed).duration == pytest.approx(SECONDS, abs=0.01)
    with pytest.raises(UndecodableAudio, match=r"ends after 1\.5 s but its header promises 3\.0 s"):
        decode(listed[: len(listed) - len(whole) // 2])


@pytest.mark.parametrize(
    "name",
    ["wav", "mp3", "mp3 with cover art", "m4a", "ogg opus", "ogg vorbis", "webm", "flac"],
)
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_truncated_file_is_refused(name, share):
    whole = FORMATS[name][0]()
    with pytest.raises(UndecodableAudio):
        decode(whole[: int(len(whole) * share)])


@pytest.mark.parametrize("name", ["mp3 without Xing header", "adts"])
@pytest.mark.parametrize("cut", [1, 40, 99])
def test_a_file_cut_inside_its_last_frame_is_refused(name, cut):
    whole = FORMATS[name][0]()
    with pytest.raises(UndecodableAudio, match="breaks off"):
        decode(whole[:-cut])


@pytest.mark.parametrize("name", ["mp3", "mp3 without Xing header", "adts", "flac"])
@pytest.mark.parametrize(
    "tag",
    [
        b"TAG" + b"title".ljust(125, b"\0"),
        b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0) + bytes(8),
        bytes(500),
    ],
    ids=["ID3v1", "APE", "zeros"],
)
def test_a_tag_behind_the_last_frame_is_no_truncation(name, tag):
    assert decode(FORMATS[name][0]() + tag).duration == pytest.approx(SECONDS, abs=0.1)


def test_a_vbr_mp3_without_a_header_is_not_judged_by_a_guessed_length():
    # A second of silence at 32 kbit/s makes ffmpeg guess ten times the length.
    file = io.BytesIO()
    with av.open(
        file, "w", format="mp3", container_options={"write_xing": "0", "id3v2_version": "0"}
    ) as output:
        stream = output.add_stream("libmp3lame", rate=48_000, layout="mono")
        stream.codec_context.options = {"q": "0"}
        noise = np.random.default_rng(0).normal(0, 0.3, 96_000).astype(np.float32)
        samples = np.concatenate([np.zeros(144_000, np.float32), noise])
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    assert decode(file.getvalue()).duration == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("with_audio", [True, False])
def test_a_video_is_refused_with_advice(with_audio):
    with pytest.raises(UnsupportedAudio, match="send only its audio"):
        decode(video(with_audio))


def zip_file():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("speech.wav", wav(pcm()))
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"dear diary, " * 100, zip_file(), picture(), bytes(20_000)],
    ids=["empty", "one byte", "text", "zip", "png", "zeros"],
)
def test_what_is_no_audio_is_refused_with_the_formats_that_are_read(data):
    with pytest.raises(UnsupportedAudio, match=r"WAV, MP3, M4A, AAC, OGG .*, WebM and FLAC"):
        decode(data)


@pytest.mark.parametrize(
    "header", [b"RIFF\x24\0\0\0WAVEfmt ", b"OggS\0\x02", b"fLaC\0\0\0\x22", b"\x1a\x45\xdf\xa3\x9f"]
)
def test_a_broken_header_of_a_known_format_is_called_damaged(header):
    with pytest.raises(UndecodableAudio):
        decode(header + bytes(50))


def test_a_playlist_opens_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(pcm()))
    hls = (
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:0\n"
        f"#EXTINF:3.0,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    )
    concat = "ffconcat version 1.0\nfile secret.wav\n"
    opened = []

    def spy(url, flags, options):
        opened.append(url)
        raise FileNotFoundError(url)

    monkeypatch.setattr(audio_module, "_refuse_to_open", spy)
    for playlist in (hls, concat):
        with pytest.raises(UnsupportedAudio):
            decode(playlist.encode())
    assert opened == []
    # The trap can be sprung: left alone, ffmpeg takes the list for a recording.
    with av.open(io.BytesIO(concat.encode())) as container:
        assert container.format.name == "concat"


def test_an_audio_that_is_too_long_names_the_limit():
    samples = np.full(int((MAX_AUDIO_SECONDS + 1) * 4000), 128, np.uint8)
    with pytest.raises(AudioTooLong) as caught:
        decode(wav(samples, rate=4000))
    assert caught.value.details == {"max_seconds": MAX_AUDIO_SECONDS}


def test_decoding_stops_at_the_limit(monkeypatch):
    monkeypatch.setattr(audio_module, "MAX_AUDIO_SECONDS", 1.0)
    resampled = []
    resample = audio_module._resample

    def counting(resampler, frame):
        for block in resample(resampler, frame):
            resampled.append(len(block))
            yield block

    monkeypatch.setattr(audio_module, "_resample", counting)
    with pytest.raises(AudioTooLong):
        decode(wav(pcm(60.0)))
    assert sum(resampled) <= 1.0 * SAMPLE_RATE


def test_a_mad_sample_rate_is_refused_before_it_costs_anything():
    with pytest.raises(SamoError):
        decode(wav(np.zeros(200, "<i2"), rate=1))


def test_samples_that_are_not_numbers_are_refused():
    samples = tone(1.0, SAMPLE_RATE)
    samples[100] = np.nan
    with pytest.raises(UndecodableAudio, match="not numbers"):
        decode(wav(samples, kind=3))


def test_samples_beyond_full_scale_are_clipped():
    audio = decode(wav(tone(1.0, SAMPLE_RATE) * 4, kind=3))
    assert np.abs(audio.samples).max() == 1.0


def test_a_header_without_sound_is_refused():
    with pytest.raises(UndecodableAudio):
        decode(wav(np.zeros(0, "<i2")))


@functools.cache
def whole_file(name):
    return FORMATS[name][0]()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(FORMATS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=30),
    head=st.booleans(),
    keep=st.floats(0, 1),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name, changes, head, keep):
    data = bytearray(whole_file(name))
    for where, value in changes:
        # Most of what can break is in the first bytes.
        data[int(where * min(len(data) - 1, 300 if head else len(data) - 1))] = value
    try:
        audio = decode(bytes(data[: max(1, int(keep * len(data)))]))
    except (UnsupportedAudio, UndecodableAudio, AudioTooLong):
        return
    assert 0 < audio.duration <= MAX_AUDIO_SECONDS + 0.1
    assert np.isfinite(audio.samples).all()


def spoken(noise, gain=1.0, clip=1.0):
    """Syllables of a voiced sound with pauses, over noise."""
    random = np.random.default_rng(0)
    time = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    voiced = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
    syllables = (np.sin(2 * np.pi * 1.5 * time) > 0).astype(float)
    samples = 0.2 * voiced * syllables + random.normal(0, noise, len(time))
    return Audio(
        np.clip(samples * gain, -clip, clip).astype(np.float32), SAMPLE_RATE, "wav", "pcm_s16le"
    )


@pytest.mark.parametrize(
    ("audio", "quality"),
    [
        (spoken(noise=0.001), "excellent"),
        (spoken(noise=0.02), "good"),
        (spoken(noise=0.05), "fair"),
        (spoken(noise=0.3), "poor"),
        (spoken(noise=0.001, gain=0.02), "fair"),
        (spoken(noise=0.001, gain=0.001), "poor"),
        (spoken(noise=0.001, gain=20.0), "poor"),
        (Audio(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE, "wav", "pcm_s16le"), "poor"),
        (Audio(np.zeros(100, np.float32), SAMPLE_RATE, "wav", "pcm_s16le"), "poor"),
    ],
    ids=[
        "clean",
        "some noise",
        "noisy",
        "drowned",
        "faint",
        "inaudible",
        "clipped",
        "silent",
        "short",
    ],
)
def test_quality_follows_level_noise_and_clipping(audio, quality):
    assert assess_quality(audio) == quality
