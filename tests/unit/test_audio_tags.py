"""Titles, comments and tags of recordings are not read, however many there are."""

import struct

import av
import pytest

from runners.errors import UndecodableAudio
from samo.audio import decode, ebml, ogg
from tests.recordings import (
    box,
    encode,
    make,
)


def element(identifier, content):
    """An element of Matroska."""
    return identifier + (1 << 56 | len(content)).to_bytes(8, "big") + content


COMMENTS = struct.pack("<I", 0) + struct.pack("<I", 5000) + b"\4\0\0\0abc=" * 5000


def flac_with_comments():
    data = make("flac")
    block = b"\4" + len(COMMENTS).to_bytes(3, "big") + COMMENTS
    return data[:42] + block * 20 + data[42:]


def webm_with_tags():
    data = make("webm without duration, as Chrome records")
    cluster = data.index(ebml.CLUSTER)
    tag = element(b"\x67\xc8", element(b"\x45\xa3", b"name") + element(b"\x44\x87", b"x"))
    tags = element(b"\x12\x54\xc3\x67", element(b"\x73\x73", tag * 5000))
    atom = element(b"\xb6", element(b"\x73\xc4", b"\1") + element(b"\x91", b"\0"))
    chapters = element(b"\x10\x43\xa7\x70", element(b"\x45\xb9", atom * 5000))
    return data[:cluster] + tags + chapters + data[cluster:]


def m4a_with_tags():
    data = make("m4a")
    movie = data.index(b"moov") - 4
    item = box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0) + b"x"))
    handler = box(b"hdlr", struct.pack(">I4s4s12x", 0, b"\0\0\0\0", b"mdir") + b"\0")
    meta = box(b"meta", bytes(4), handler, box(b"ilst", item * 5000))
    return data[:movie] + box(b"moov", data[movie + 8 :], box(b"udta", meta))


def caf_with_tags():
    data = make("caf")
    sound = data.index(b"data", 20)
    info = struct.pack(">I", 5000) + b"name\0x\0" * 5000
    return data[:sound] + b"info" + struct.pack(">q", len(info)) + info + data[sound:]


def wave64_with_tags():
    data = make("wave64")
    guid = b"\xbc\x94\x5f\x92\x5a\x52\xd2\x11\x86\xdc\x00\xc0\x4f\x8e\xdb\x8a"  # summarylist
    item = b"INAM" + struct.pack("<I", 2) + b"x\0"
    body = struct.pack("<I", 400) + item * 400
    body += bytes(-len(body) % 8)
    return data[:40] + guid + struct.pack("<Q", 24 + len(body)) + body + data[40:]


def wma_with_tags():
    data = make("wma")
    size, objects = struct.unpack_from("<QI", data, 16)
    title = struct.pack("<H", 4) + b"a\0\0\0" + struct.pack("<HH", 0, 4) + b"b\0\0\0"
    body = struct.pack("<H", 400) + title * 400
    extended = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
    extended += struct.pack("<Q", 24 + len(body)) + body
    header = struct.pack("<QI", size + len(extended), objects + 1)
    return data[:16] + header + data[28:30] + extended + data[30:]


@pytest.mark.parametrize(
    "make_file",
    [
        wma_with_tags,
        flac_with_comments,
        webm_with_tags,
        m4a_with_tags,
        caf_with_tags,
        wave64_with_tags,
    ],
)
def test_ffmpeg_reads_no_titles_and_comments(make_file, monkeypatch):
    """It compares each with all before it: megabytes of them would take hours."""
    sizes = []
    open_container = av.open

    def spy(*given, **options):
        container = open_container(*given, **options)
        sizes.append(len(container.metadata) + sum(len(s.metadata) for s in container.streams))
        sizes.append(len(container.chapters()))
        return container

    monkeypatch.setattr(av, "open", spy)
    assert decode(make_file()).duration == pytest.approx(3.0, abs=0.1)
    assert max(sizes) < 10


@pytest.mark.parametrize("codec", ["libopus", "vorbis"])
def test_many_comments_of_ogg_are_refused(codec, monkeypatch):
    rate, layout = (44_100, "stereo") if codec == "vorbis" else (48_000, "mono")
    data = encode("ogg", codec, rate=rate, layout=layout)
    assert decode(data).duration == pytest.approx(3.0, abs=0.1)
    magic = b"OpusTags" if codec == "libopus" else b"\3vorbis"
    at = data.index(magic) + len(magic)
    (vendor,) = struct.unpack_from("<I", data, at)
    changed = bytearray(data)
    struct.pack_into("<I", changed, at + 4 + vendor, ogg.MAX_COMMENTS + 1)
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(UndecodableAudio, match="more than 1000 comments"):
        decode(bytes(changed))
