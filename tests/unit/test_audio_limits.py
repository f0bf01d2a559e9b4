"""Work and memory are bounded by the upload's length and the limit on a recording's."""

import struct
import subprocess
import sys
import zlib

import av
import numpy as np
import pytest

from runners.errors import AudioTooLong, SamoError, UndecodableAudio
from samo.audio import chunks, decode, decoding, ebml, ffmpeg, layout, ogg, track
from samo.audio.boxes import MAX_SAMPLES
from samo.limits import MAX_AUDIO_SECONDS
from tests.recordings import (
    encode,
    id3,
    index_first,
    make,
    mp4_with_tables,
    pcm,
    tone,
    tracks,
    wav,
)


def silence(seconds, rate=8_000):
    return np.full(int(seconds * rate), 128, np.uint8)


@pytest.mark.parametrize("seconds", [300.0, 300.06, 301.0])
def test_a_recording_of_the_limit_and_its_padding_is_read_whole(seconds):
    audio = decode(wav(silence(seconds), rate=8_000))
    assert audio.duration == pytest.approx(seconds, abs=0.001)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("container", "codec"),
    [("flac", "flac"), ("ipod", "aac"), ("mp3", "libmp3lame"), ("webm", "libopus")],
)
def test_exactly_the_limit_is_read_in_every_format(container, codec):
    samples = np.zeros((1, int(MAX_AUDIO_SECONDS * 16_000)), np.float32)
    audio = decode(encode(container, codec, rate=16_000, samples=samples))
    assert MAX_AUDIO_SECONDS <= audio.duration < MAX_AUDIO_SECONDS + 0.2


def test_samples_are_counted_exactly(monkeypatch):
    # 0.1 s has no exact floating point number: 3010 of them sum to more than 301.
    limit = track.RemainingDuration()
    for _ in range(3010):
        limit.spend(4410, 44_100)
    with pytest.raises(AudioTooLong):
        limit.spend(1, 44_100)


def test_an_audio_that_is_too_long_names_the_limit():
    with pytest.raises(AudioTooLong) as caught:
        decode(wav(silence(301.1), rate=8_000))
    assert caught.value.details == {"max_seconds": MAX_AUDIO_SECONDS}


@pytest.mark.parametrize("times", [2, 10])
def test_joined_files_share_the_limit(times):
    with pytest.raises(AudioTooLong):
        decode(wav(silence(302.0 / times), rate=8_000) * times)


def declaring(seconds, name):
    """A file with 100 s of sound whose header declares `seconds`."""
    rate = 8_000
    if name == "wav":
        return wav(silence(100), rate=rate, data_size=int(seconds * rate))
    data = bytearray(make_silence(name, rate))
    if name == "flac":  # the last 36 bits before the MD5 of STREAMINFO
        data[22:26] = struct.pack(">I", int(seconds * rate))
    elif name == "aiff":
        frames = data.index(b"COMM") + 10
        data[frames : frames + 4] = struct.pack(">I", int(seconds * rate))
        sound = data.index(b"SSND") + 4
        data[sound : sound + 4] = struct.pack(">I", int(seconds * rate) * 2 + 8)
    elif name == "au":
        data[8:12] = struct.pack(">I", int(seconds * rate) * 2)
    elif name == "mp3":
        frames = data.index(b"Info") + 8
        data[frames : frames + 4] = struct.pack(">I", int(seconds * rate / 576))
    return bytes(data)


def make_silence(name, rate):
    codec = {"flac": "flac", "aiff": "pcm_s16be", "au": "pcm_s16be", "mp3": "libmp3lame"}[name]
    samples = np.zeros((1, 100 * rate), np.float32)
    return encode(name, codec, rate=rate, samples=samples)


@pytest.mark.parametrize("name", ["wav", "flac", "aiff", "au", "mp3"])
def test_a_truncated_file_that_declares_too_much_is_too_long(name):
    with pytest.raises(AudioTooLong):
        decode(declaring(7_200, name))
    with pytest.raises(UndecodableAudio, match=r"header promises (200\.0|199\.9) s"):
        decode(declaring(200, name))


@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("webm", "libopus")])
def test_a_long_file_that_was_cut_is_too_long(container, codec):
    samples = np.tile(tone(1.0, 16_000), 400)[None, :]
    data = encode(container, codec, rate=16_000, samples=samples)
    if container == "ipod":
        data = index_first(data)
    with pytest.raises(AudioTooLong):
        decode(data[: len(data) // 4])


@pytest.fixture
def resampled(monkeypatch):
    """Lengths of the blocks that were resampled."""
    lengths: list[int] = []
    resample = track._resample

    def counting(*given):
        blocks = resample(*given)
        lengths.extend(len(block) for block in blocks)
        return blocks

    monkeypatch.setattr(track, "_resample", counting)
    return lengths


def test_decoding_stops_at_the_limit(monkeypatch, resampled):
    monkeypatch.setattr(track, "MAX_AUDIO_SECONDS", 1.0)
    with pytest.raises(AudioTooLong):
        decode(wav(pcm(60.0)))
    assert sum(resampled) <= 2.0 * 16_000


@pytest.mark.parametrize("rate", [0, 1, 100, 3_999, 768_001, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_mad_sample_rate_is_refused_before_it_costs_anything(rate, resampled):
    data = bytearray(wav(np.zeros(200, "<i2")))
    struct.pack_into("<I", data, 24, rate)
    with pytest.raises(SamoError):
        decode(bytes(data))
    assert resampled == []


@pytest.mark.parametrize(
    "data",
    [
        wav(pcm())[:36] + b"junk\0\0\0\0" * 50_000 + wav(pcm())[36:],
        wav(pcm()) + b"junk\0\0\0\0" * 50_000,
        make("aiff")[:12] + b"junk\0\0\0\0" * 50_000 + make("aiff")[12:],
        make("caf")[:52] + b"free" + bytes(8) + (b"free" + bytes(8)) * 50_000 + make("caf")[52:],
        make("wave64")[:40] + (b"junk" + bytes(12) + struct.pack("<Q", 24)) * 50_000,
    ],
    ids=["wav, before", "wav, behind", "aiff", "caf", "wave64"],
)
def test_many_chunks_are_refused_before_ffmpeg_sees_them(data, monkeypatch):
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(UndecodableAudio, match=f"more than {chunks.MAX_CHUNKS} chunks"):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        mp4_with_tables(samples=30_000_000),
        mp4_with_tables(trun=30_000_000),
        mp4_with_tables(trun=0xFFFF_FFFF),
        mp4_with_tables(tracks=1000),
        make("m4a") + struct.pack(">I4s", 8, b"free") * 300_000 + mp4_with_tables(tracks=40),
    ],
    ids=["samples", "fragment", "larger fragment", "tracks", "boxes"],
)
def test_an_mp4_that_states_too_much_is_refused_before_ffmpeg_sees_it(data, monkeypatch):
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(UndecodableAudio, match="more entries"):
        decode(data)


def test_an_index_as_a_recording_needs_it_is_read():
    assert MAX_SAMPLES >= 2 * MAX_AUDIO_SECONDS * 1000 / 2.5
    with pytest.raises(UndecodableAudio, match=r"header promises|no sound|damaged"):
        decode(mp4_with_tables(samples=10))


def test_a_compressed_index_is_refused():
    data = make("m4a")
    start = data.index(b"moov") - 4
    inner = struct.pack(">I4s", 16, b"cmov") + struct.pack(">I4s", 8, b"dcom")
    with pytest.raises(UndecodableAudio, match="compressed"):
        decode(data[:start] + struct.pack(">I4s", 24, b"moov") + inner)


def test_ffmpeg_sees_no_tag(monkeypatch):
    """A compressed text frame of an ID3 tag may be a thousand times longer than the tag."""
    text = bytes(50_000_000)
    squeezed = zlib.compress(text, 9)
    tag = id3(b"TXXX", struct.pack(">I", 0x0FFFFFFF) + squeezed, flags=0x0009)
    seen = []
    upload = ffmpeg.Upload

    def spy(data):
        seen.append(data)
        return upload(data)

    monkeypatch.setattr(decoding, "Upload", spy)
    mp3 = make("mp3 without Xing header")
    adts = make("adts")
    assert decode(tag + tag + mp3).duration == pytest.approx(3.0, abs=0.1)
    assert decode(tag + adts + tag + adts).duration == pytest.approx(6.0, abs=0.1)
    in_wav = wav(pcm())[:36] + b"id3 " + struct.pack("<I", len(tag)) + tag + wav(pcm())[36:]
    assert decode(in_wav).duration == pytest.approx(3.0, abs=0.1)
    assert len(seen) == 3
    assert not any(b"ID3" in data for data in seen)


def test_ffmpeg_may_allocate_no_large_block():
    """In a process of its own: 100 million entries of an index would take 2 GB."""
    code = (
        "import sys, io, pathlib, re, av\n"
        "import samo.audio\n"
        "try:\n"
        "    av.open(io.BytesIO(sys.stdin.buffer.read()))\n"
        "except av.FFmpegError: pass\n"
        # getrusage would tell the peak of the process that started this one
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)\n"
    )
    data = mp4_with_tables(samples=30_000_000)
    made = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert int(made.stdout) < 400
    assert ffmpeg.bound_allocations()


def test_an_upload_may_be_read_a_few_times_over():
    upload = ffmpeg.Upload(bytes(1000))
    for _ in range(20_000):
        upload.seek(0)
    with pytest.raises(UndecodableAudio, match="fragmented"):
        any(upload.seek(0) for _ in range(20))
    upload = ffmpeg.Upload(bytes(30_000_000))
    for _ in range(6):
        upload.read()
        upload.seek(0)
    upload.read()
    with pytest.raises(UndecodableAudio, match="fragmented"):
        upload.seek(0)


def test_many_joined_files_are_refused():
    piece = encode("ogg", "libopus", seconds=0.02)
    assert decode(piece * 20).duration == pytest.approx(0.4, abs=0.2)
    with pytest.raises(UndecodableAudio, match=f"More than {layout.MAX_PARTS} files"):
        decode(piece * (layout.MAX_PARTS + 1))


def test_many_ogg_pages_are_refused(monkeypatch):
    data = make("ogg opus") + (b"OggS\0\0" + bytes(21)) * (ogg.MAX_PAGES + 1)
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(UndecodableAudio, match="more pages"):
        decode(data)


def test_many_blocks_of_webm_are_refused(monkeypatch):
    data = make("webm without duration, as Chrome records")
    cluster = data.index(ebml.CLUSTER)
    head = data[:cluster] + ebml.CLUSTER + b"\x01" + b"\xff" * 7
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(UndecodableAudio, match="more blocks"):
        decode(head + b"\xa3\x84\x81\0\0\x80" * (ebml.MAX_ELEMENTS + 1))


def test_many_packets_are_refused(monkeypatch):
    monkeypatch.setattr(track, "_MAX_PACKETS", 50)
    with pytest.raises(UndecodableAudio, match="more packets"):
        decode(make("amr"))
    monkeypatch.setattr(track, "_MAX_PACKETS", 200_000)
    monkeypatch.setattr(track, "_MAX_PACKET_BYTES", 1000)
    with pytest.raises(UndecodableAudio, match="more packets"):
        decode(make("amr"))


def test_tracks_are_decoded_one_by_one(monkeypatch):
    """One track is in memory at once, and each track has the full limit."""
    monkeypatch.setattr(track, "MAX_AUDIO_SECONDS", 1.0)
    quiet = np.zeros(48_000, np.float32)
    assert decode(tracks(quiet, quiet, quiet)).duration == pytest.approx(1.0, abs=0.1)


def test_a_long_tag_is_no_recording():
    tag = id3(b"APIC", bytes(100_000))
    with pytest.raises(UndecodableAudio, match="no sound"):
        decode(tag)
    with pytest.raises(UndecodableAudio):
        decode(tag[:50_000])
    with pytest.raises(UndecodableAudio, match="more tags"):
        decode(id3(b"TXXX", b"") * 1000)


def test_reading_is_counted_where_ffmpeg_reads(monkeypatch):
    monkeypatch.setattr(ffmpeg, "_MIN_CALLS", 2)
    monkeypatch.setattr(ffmpeg, "_BYTES_PER_CALL", 1 << 30)
    with pytest.raises(UndecodableAudio):
        decode(make("m4a"))


@pytest.mark.parametrize("name", ["m4a", "flac", "ogg opus", "webm"])
def test_a_part_is_read_only_by_the_demuxer_that_it_was_looked_at_for(name):
    for part in layout.split_files(make(name)):
        assert part.demuxers in {"mov", "flac", "ogg", "matroska"}
    (junk,) = layout.split_files(b"\1" + make(name))
    assert not {"mov", "flac", "ogg", "matroska"} & set(junk.demuxers.split(","))
