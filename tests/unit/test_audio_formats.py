import functools
import io
import struct
import zipfile

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.errors import AudioTooLong, UndecodableAudio, UnsupportedAudio
from samo.audio import READABLE_FORMATS, SAMPLE_RATE, audio_errors, decode
from samo.limits import MAX_AUDIO_SECONDS
from tests.recordings import (
    SECONDS,
    WRITABLE,
    encode,
    make,
    mp3_with_cover,
    pcm,
    picture,
    tone,
    video,
    wav,
)

NAMES = {
    "wav": ("wav", "pcm_s16le"),
    "wav 24 bit stereo": ("wav", "pcm_s24le"),
    "wav float": ("wav", "pcm_f32le"),
    "wav mu-law": ("wav", "pcm_mulaw"),
    "wav ms adpcm": ("wav", "adpcm_ms"),
    "wav ima adpcm": ("wav", "adpcm_ima_wav"),
    "wav yamaha adpcm": ("wav", "adpcm_yamaha"),
    "wav g722": ("wav", "adpcm_g722"),
    "wav g726": ("wav", "adpcm_g726"),
    "wav mp3": ("wav", "mp3"),
    "rf64": ("wav", "pcm_s16le"),
    "wave64": ("wav", "pcm_s16le"),
    "aiff": ("aiff", "pcm_s16be"),
    "caf": ("caf", "pcm_s16le"),
    "caf alac": ("caf", "alac"),
    "caf ima adpcm": ("caf", "adpcm_ima_qt"),
    "au": ("au", "pcm_s16be"),
    "mp3": ("mp3", "mp3"),
    "mp3 without Xing header": ("mp3", "mp3"),
    "mp2": ("mp3", "mp2"),
    "adts": ("aac", "aac"),
    "ac3": ("ac3", "ac3"),
    "eac3": ("eac3", "eac3"),
    "amr": ("amr", "amr_nb"),
    "ogg opus": ("ogg", "opus"),
    "ogg vorbis": ("ogg", "vorbis"),
    "webm": ("webm", "opus"),
    "webm without duration, as Chrome records": ("webm", "opus"),
    "mka aac": ("webm", "aac"),
    "mka pcm": ("webm", "pcm_s16le"),
    "flac": ("flac", "flac"),
    "m4a": ("mp4", "aac"),
    "m4a alac": ("mp4", "alac"),
    "fragmented mp4, as Safari records": ("mp4", "aac"),
    "mov": ("mp4", "pcm_s16le"),
    "3gp": ("mp4", "amr_nb"),
    "wma": ("asf", "wmav2"),
    "wavpack": ("wavpack", "wavpack"),
}


@functools.cache
def whole_file(name):
    return mp3_with_cover() if name == "mp3 with cover art" else make(name)


@pytest.mark.parametrize("name", WRITABLE)
def test_every_format_is_found_by_its_content(name):
    audio = decode(whole_file(name))
    assert (audio.container, audio.codec) == NAMES[name]
    assert audio.sample_rate == SAMPLE_RATE
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert audio.gaps == ()
    # Lossy codecs add up to two frames of padding.
    assert audio.duration == pytest.approx(SECONDS, abs=0.1)
    spectrum = np.abs(np.fft.rfft(audio.samples))
    assert np.argmax(spectrum) / audio.duration == pytest.approx(440, abs=1)
    # LAME turns the volume down by 5 %, codecs for telephones are coarse.
    assert np.sqrt(np.mean(audio.samples[4000:-4000] ** 2)) == pytest.approx(0.3536, rel=0.15)


def test_cover_art_is_no_video():
    audio = decode(mp3_with_cover())
    assert (audio.container, audio.codec) == ("mp3", "mp3")
    assert audio.duration == pytest.approx(SECONDS, abs=0.1)


def gsm_in_wav():
    """WAV49, of Microsoft's recorders: blocks of 65 bytes, each 320 samples."""
    body = (b"\xd0" + bytes(64)) * 75
    form = struct.pack("<HHIIHHHH", 0x31, 1, 8000, 1625, 65, 0, 2, 320)
    return (
        b"RIFF\0\0\0\0WAVEfmt "
        + struct.pack("<I", len(form))
        + form
        + b"data"
        + struct.pack("<I", len(body))
        + body
    )


def ogg_checksum(page):
    """CRC-32 of RFC 3533: not reflected, beginning with 0."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def speex_in_ogg():
    """Narrowband Speex of silent frames: submode 0 is five zero bits."""

    def page(sequence, granule, flags, packets):
        lacing = bytes([len(packet) for packet in packets])
        head = b"OggS\0" + struct.pack("<BQII", flags, granule, 1, sequence)
        rest = bytes([len(lacing)]) + lacing + b"".join(packets)
        return head + struct.pack("<I", ogg_checksum(head + bytes(4) + rest)) + rest

    header = b"Speex   " + b"1.2".ljust(20, b"\0")
    header += struct.pack("<13i", 1, 80, 8000, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0)
    comment = struct.pack("<II", 0, 0)
    frames = [b"\x07"] * 100
    return page(0, 0, 2, [header]) + page(1, 0, 0, [comment]) + page(2, 16_000, 4, frames)


@pytest.mark.parametrize(
    ("data", "container", "codec", "seconds"),
    [
        # NO_DATA, which a recorder writes while nobody speaks
        (b"#!AMR-WB\n" + b"\x7c" * 100, "amr", "amr_wb", 2.0),
        (gsm_in_wav(), "wav", "gsm_ms", 3.0),
        ((b"\xd0" + bytes(32)) * 100, "gsm", "gsm", 2.0),
        (speex_in_ogg(), "ogg", "speex", 2.0),
    ],
    ids=["amr-wb", "gsm in wav", "gsm", "speex"],
)
def test_what_pyav_cannot_write_is_read(data, container, codec, seconds):
    audio = decode(data)
    assert (audio.container, audio.codec) == (container, codec)
    assert audio.duration == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    "size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFFFFF - 36, 0xFFFFFFFF - 44]
)
def test_a_streamed_wav_with_a_placeholder_for_its_size_is_read(size):
    assert decode(wav(pcm(), data_size=size)).duration == pytest.approx(SECONDS, abs=0.01)


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


def test_of_a_video_the_sound_is_read():
    audio = decode(video())
    assert (audio.container, audio.codec) == ("mp4", "aac")
    assert audio.duration == pytest.approx(1.0, abs=0.1)


def test_a_video_without_sound_is_refused():
    with pytest.raises(UnsupportedAudio, match="video without sound"):
        decode(video(with_audio=False))


def test_no_video_packet_reaches_a_decoder(monkeypatch):
    decoded = []
    packet_kind = av.packet.Packet

    def spy(packet):
        decoded.append(packet.stream.type)
        return packet_kind.decode(packet)

    class Demuxed:
        def __init__(self, packet):
            self._packet = packet
            self.size = packet.size

        def decode(self):
            return spy(self._packet)

    from samo.audio import track

    class Spied:
        def __init__(self, container):
            self._container = container

        def demux(self, stream):
            return (Demuxed(packet) for packet in self._container.demux(stream))

    made = track.TrackDecoder.__init__

    def init(self, container, *rest):
        made(self, Spied(container), *rest)

    monkeypatch.setattr(track.TrackDecoder, "__init__", init)
    decode(video())
    assert set(decoded) == {"audio"}


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
    with pytest.raises(UnsupportedAudio) as caught:
        decode(data)
    assert READABLE_FORMATS in caught.value.message


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"RIFF\x10\0\0\0AVI LIST", "an AVI video"),
        (b"PK\x03\x04" + bytes(50), "an archive"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60", "MIDI"),
        (b"#EXTM3U\n#EXTINF:3\na.wav\n", "a playlist"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(4000), r"AppleDouble.*without \._"),
    ],
)
def test_what_is_often_sent_is_named(data, name):
    with pytest.raises(UnsupportedAudio, match=name):
        decode(data)


def test_a_codec_that_is_not_read_is_named_with_its_container_and_a_way_out():
    data = encode("mov", "pcm_s16be")
    # "mace" is Apple's of 1984
    with pytest.raises(UnsupportedAudio, match=r"mp4 file has the codec mace3.*WAV as PCM, MP3"):
        decode(data.replace(b"twos", b"MAC3"))


@pytest.mark.parametrize(
    "header",
    [b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22", b"ID3\4\0\0\0\0\x7f\x7f", b"caff\0\1\0\0"],
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

    monkeypatch.setattr(audio_errors, "refuse_external_file", spy)
    for playlist in (hls, concat):
        with pytest.raises(UnsupportedAudio):
            decode(playlist.encode())
    assert opened == []
    # The trap can be sprung: left alone, ffmpeg takes the list for a recording.
    with av.open(io.BytesIO(concat.encode())) as container:
        assert container.format.name == "concat"


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


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(WRITABLE)),
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
    assert 0 < audio.duration <= MAX_AUDIO_SECONDS + 1.1
    assert np.isfinite(audio.samples).all()
