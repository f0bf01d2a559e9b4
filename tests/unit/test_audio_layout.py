import re
import struct

import pytest

from runners.errors import UndecodableAudio
from samo.audio import decode
from tests.recordings import (
    SECONDS,
    edited,
    encode,
    index_first,
    make,
    mp3_with_cover,
    pcm,
    tone,
    wav,
    with_hole,
)

LATER = "only the first fragment has the header: send all fragments joined in order"
ORDER = "wrong order"


def fragments(container, codec, pattern, **options):
    """A recording of six seconds, cut where `pattern` matches, about once per second."""
    data = encode(container, codec, seconds=6.0, **options)
    starts = [found.start() for found in re.finditer(pattern, data, re.DOTALL)]
    return [data[a:b] for a, b in zip([0, *starts], [*starts, len(data)], strict=True)]


def webm():
    options = {"live": "1", "cluster_time_limit": "1000"}
    return fragments("webm", "libopus", rb"\x1f\x43\xb6\x75", **options)


def mp4():
    options = {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000"}
    return fragments("mp4", "aac", rb"....moof", **options)


def ogg():
    head, *pages = fragments("ogg", "libopus", rb"OggS\0[^\2]", page_duration="1000000")
    return [head + pages[0], *pages[1:]]


@pytest.mark.parametrize("make_fragments", [webm, mp4, ogg])
def test_fragments_of_a_recorder(make_fragments):
    head, first, second, *rest = make_fragments()
    whole = decode(b"".join([head, first, second, *rest]))
    assert whole.duration == pytest.approx(6.0, abs=0.1)
    assert whole.gaps == ()
    assert decode(head + first).duration == pytest.approx(1.0, abs=0.1)
    with pytest.raises(UndecodableAudio, match="no sound"):
        decode(head)
    for later in (second, second + rest[0], second[7:] + rest[0]):
        with pytest.raises(UndecodableAudio, match=LATER):
            decode(later)
    for mixed_up in ([head, second, first, *rest], [second, head, first]):
        with pytest.raises(UndecodableAudio, match=ORDER):
            decode(b"".join(mixed_up))
    # One that is in it twice is refused, or read once.
    try:
        twice = decode(b"".join([head, first, second, second, *rest]))
    except UndecodableAudio as error:
        assert ORDER in error.message  # noqa: PT017
    else:
        assert twice.duration == pytest.approx(whole.duration, abs=0.01)


@pytest.mark.parametrize("make_fragments", [webm, mp4, ogg])
def test_a_missing_fragment_leaves_a_gap(make_fragments):
    head, first, second, third, *rest = make_fragments()
    audio = decode(b"".join([head, first, second, *rest]))
    assert audio.duration == pytest.approx(5.0, abs=0.1)
    (gap,) = audio.gaps
    assert gap.start == pytest.approx(2.0, abs=0.1)
    assert gap.seconds == pytest.approx(1.0, abs=0.1)
    if make_fragments is not ogg:  # what is recorded from a stream begins anywhere
        (gap,) = decode(b"".join([head, second, third, *rest])).gaps
        assert gap.start == 0.0
        assert gap.seconds == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("webm", "libopus", {}),
        ("webm", "libopus", {"live": "1"}),
        ("matroska", "aac", {}),
        ("ipod", "aac", {}),
        ("mp4", "aac", {"movflags": "empty_moov", "frag_duration": "500000"}),
        ("ogg", "libopus", {}),
    ],
    ids=["webm", "webm live", "mka", "m4a", "fragmented mp4", "ogg"],
)
def test_a_paused_recording_is_read_whole(container, codec, options):
    audio = decode(with_hole(container, codec, before=2.0, hole=4.0, after=1.0, **options))
    assert audio.duration == pytest.approx(3.0, abs=0.1)
    (gap,) = audio.gaps
    assert gap.start == pytest.approx(2.0, abs=0.1)
    assert gap.seconds == pytest.approx(4.0, abs=0.1)


def test_a_hole_does_not_hide_that_the_end_is_missing():
    whole = with_hole("webm", "libopus", before=2.0, hole=4.0, after=2.0)
    with pytest.raises(UndecodableAudio, match="breaks off"):
        decode(whole[:-4000])


def test_silence_that_opus_does_not_send_is_no_gap():
    assert decode(with_hole("webm", "libopus", before=1.0, hole=0.4, after=1.0)).gaps == ()


def test_a_duration_that_counts_the_pause_is_no_missing_sound():
    # As scripts patch Chrome's files: by the clock on the wall.
    data = encode("webm", "libopus", live="1")
    info = data.rindex(b"\x15\x49\xa9\x66")  # the seek head names it first
    length = data[info + 4]
    assert length & 0x80  # one byte holds the size of Info
    duration = b"\x44\x89\x88" + struct.pack(">d", 9000.0)
    body = data[info + 5 : info + 5 + (length & 0x7F)] + duration
    patched = data[: info + 4] + bytes([0x80 | len(body)]) + body
    patched += data[info + 5 + (length & 0x7F) :]
    audio = decode(patched)
    assert audio.duration == pytest.approx(3.0, abs=0.1)
    (gap,) = audio.gaps
    assert audio.duration == gap.start
    assert gap.seconds == pytest.approx(6.0, abs=0.1)


JOINED = [
    "wav",
    "wav mu-law",
    "wav ima adpcm",
    "rf64",
    "wave64",
    "aiff",
    "caf",
    "caf alac",
    "mp3",
    "mp3 with cover art",
    "mp3 without Xing header",
    "adts",
    "amr",
    "ogg opus",
    "ogg vorbis",
    "webm",
    "webm without duration, as Chrome records",
    "flac",
    "m4a",
    "fragmented mp4, as Safari records",
    "mov",
    "3gp",
    "wma",
]


def file(name):
    return mp3_with_cover() if name == "mp3 with cover art" else make(name)


@pytest.mark.parametrize("name", JOINED)
def test_joined_files_are_read_to_the_end(name):
    once = decode(file(name))
    thrice = decode(file(name) * 3)
    assert thrice.duration == pytest.approx(3 * once.duration, abs=0.1)
    assert (thrice.container, thrice.codec) == (once.container, once.codec)
    assert thrice.gaps == ()


@pytest.mark.parametrize("name", ["wav", "m4a", "webm", "ogg opus"])
@pytest.mark.parametrize("second", ["wav", "m4a", "webm", "flac", "ogg opus", "amr"])
def test_files_of_two_formats_are_read_to_the_end(name, second):
    if name != "ogg opus" or second in {"ogg opus"}:
        data = file(name) + bytes(100 if name == "wav" else 0) + file(second)
        assert decode(data).duration == pytest.approx(2 * SECONDS, abs=0.2)


def test_a_gap_of_a_later_file_is_placed_in_the_whole():
    audio = decode(make("webm") + with_hole("webm", "libopus", before=1.0, hole=2.0, after=1.0))
    (gap,) = audio.gaps
    assert gap.start == pytest.approx(SECONDS + 1.0, abs=0.1)


def test_a_second_file_that_is_cut_short_is_refused():
    with pytest.raises(UndecodableAudio, match="header promises"):
        decode(wav(pcm()) + wav(pcm())[:40_000])


def test_sound_behind_the_size_that_a_wav_states_is_read():
    # The recorder wrote the size of its first block only.
    assert decode(wav(pcm(5.0), data_size=32_000)).duration == pytest.approx(5.0, abs=0.01)


@pytest.mark.parametrize(
    "rest",
    [
        b"LIST" + struct.pack("<I", 4000) + b"INFO" * 1000,
        b"TAG" + b"title".ljust(125, b"\0"),
        b"APETAGEX" + struct.pack("<IIII", 2000, 4000, 0, 0) + b"text" * 1000,
        bytes(5000),
    ],
    ids=["LIST", "ID3v1", "APE", "zeros"],
)
def test_what_follows_a_wav_and_is_no_sound_is_not_heard(rest):
    assert decode(wav(pcm()) + rest).duration == pytest.approx(SECONDS, abs=0.01)


def test_a_wav_with_chunks_before_the_data_is_read_and_judged():
    whole = wav(pcm())
    listed = whole[:36] + b"LIST" + struct.pack("<I", 5) + b"INFOx\0" + whole[36:]
    assert decode(listed).duration == pytest.approx(SECONDS, abs=0.01)
    unpadded = whole[:36] + b"LIST" + struct.pack("<I", 5) + b"INFOx" + whole[36:]
    assert decode(unpadded).duration == pytest.approx(SECONDS, abs=0.01)
    with pytest.raises(UndecodableAudio, match=r"ends after 1\.5 s but its header promises 3\.0 s"):
        decode(listed[: len(listed) - len(whole) // 2])


@pytest.mark.parametrize(
    "name",
    [
        "wav",
        "wav ms adpcm",
        "wav ima adpcm",
        "wave64",
        "aiff",
        "caf",
        "caf alac",
        "au",
        "mp3",
        "mp3 with cover art",
        "amr",
        "m4a",
        "fragmented mp4, as Safari records",
        "3gp",
        "mov",
        "ogg opus",
        "ogg vorbis",
        "webm",
        "webm without duration, as Chrome records",
        "mka aac",
        "flac",
        "wma",
        "wavpack",
    ],
)
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_truncated_file_is_refused(name, share):
    whole = file(name)
    with pytest.raises(UndecodableAudio):
        decode(whole[: int(len(whole) * share)])


def test_an_m4a_whose_index_stands_first_is_refused_when_it_is_truncated():
    whole = index_first(make("m4a"))
    assert decode(whole).duration == pytest.approx(SECONDS, abs=0.1)
    with pytest.raises(UndecodableAudio, match=r"ends after 1\.\d s but its header promises 3"):
        decode(whole[: len(whole) * 6 // 10])


@pytest.mark.parametrize(
    ("edits", "seconds"),
    [
        ([(4000, 1024)], 4.0),  # the end trimmed
        ([(4000, 288_000)], 4.0),  # the beginning trimmed
        ([(2000, 1024), (2000, 384_000)], 4.0),  # the middle cut out
        ([(2000, 384_000), (2000, 1024)], 4.0),  # in another order
        ([(1000, second * 48_000) for second in (0, 3, 6)], 3.0),
    ],
)
@pytest.mark.parametrize("codec", ["aac", "alac"])
def test_what_an_editor_cut_out_is_not_missing(codec, edits, seconds):
    data = edited(encode("ipod", codec, seconds=10), *edits)
    audio = decode(data)
    assert audio.duration == pytest.approx(seconds, abs=0.3)
    assert audio.gaps == ()


def test_a_trimmed_recording_that_is_cut_short_is_refused():
    made = edited(make("m4a"), (2900, 1024))
    sound = made.index(b"mdat")
    half = (made.index(b"moov") - sound) // 2
    data = made[: sound + half] + bytes(half) + made[sound + 2 * half :]
    with pytest.raises(UndecodableAudio):
        decode(data)


@pytest.mark.parametrize("name", ["mp3 without Xing header", "adts", "ac3", "eac3"])
@pytest.mark.parametrize("cut", [1, 40, 99])
def test_a_file_cut_inside_its_last_frame_is_refused(name, cut):
    whole = file(name)
    with pytest.raises(UndecodableAudio, match="breaks off"):
        decode(whole[:-cut])


@pytest.mark.parametrize("name", ["mp3", "mp3 without Xing header", "adts", "flac"])
@pytest.mark.parametrize(
    "tag",
    [
        b"APETAGEX" + struct.pack("<IIII", 2000, 200_032, 0, 0) + bytes(8) + b"cover art " * 20_000,
        b"TAG" + b"title".ljust(125, b"\0"),
        b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0) + bytes(8),
        bytes(500),
    ],
    ids=["cover art", "ID3v1", "APE", "zeros"],
)
def test_a_tag_behind_the_last_frame_is_no_truncation(name, tag):
    assert decode(file(name) + tag).duration == pytest.approx(SECONDS, abs=0.1)


def test_an_unfinished_recording_is_refused_with_the_reason():
    whole = encode("ipod", "aac")
    assert whole.index(b"mdat") < whole.index(b"moov")
    with pytest.raises(UndecodableAudio, match="not finished"):
        decode(whole[: whole.index(b"moov") - 4])


def test_the_tone_goes_on_across_joined_files():
    low, high = tone(1.0, 16_000, 300.0), tone(1.0, 16_000, 600.0)
    joined = decode(wav((low * 32767).astype("<i2")) + wav((high * 32767).astype("<i2"))).samples
    assert joined == pytest.approx([*low, *high], abs=0.001)
