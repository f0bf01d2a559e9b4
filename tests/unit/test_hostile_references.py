"""Uploads that name other files and addresses: none of them makes the decoder open one.

The kinds that PyAV's ffmpeg can read are shown to be dangerous: without our options it opens them.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from runners.errors import SamoError, UnsupportedAudio
from samo.audio import decode
from samo.decoders import IsolatedDecoder
from tests import recordings

MARK = 12_345
MARKED_SAMPLES = 60_000
"""The marked file is that many samples of `MARK`; the uploads are 0.5 s of a tone."""


@pytest.fixture(scope="module")
def marked_file(tmp_path_factory):
    """A local recording that uploads name; nothing may read it."""
    path = tmp_path_factory.mktemp("secret") / "marked.wav"
    path.write_bytes(recordings.wav(np.full(MARKED_SAMPLES, MARK, "<i2"), rate=48_000))
    return path


@pytest.fixture(scope="module")
def listener():
    """A listening TCP port; nothing may connect to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.02)
        yield server


@pytest.fixture(scope="module")
def decoder():
    with closing(IsolatedDecoder(1)) as subject:
        yield subject


def box(kind, *content):
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def mov_with_reference(kind, reference):
    """A MOV whose samples are in another file: its data reference is `reference`."""
    data = bytearray(recordings.encode("mov", "pcm_s16le", seconds=0.5))
    at = data.index(b"dref") - 4
    old = int.from_bytes(data[at : at + 4], "big")
    entry = box(kind, b"\0\0\0\0", reference)  # flags 0: not in this file
    new = box(b"dref", bytes(4), struct.pack(">I", 1), entry)
    data[at : at + old] = new
    grown = len(new) - old
    for name in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        start = data.rindex(name, 0, at) - 4
        size = int.from_bytes(data[start : start + 4], "big")
        data[start : start + 4] = struct.pack(">I", size + grown)
    return bytes(data)


def alias(path):
    """An alias record with an absolute path, as QuickTime writes it."""
    name = str(path).encode()
    name += bytes(len(name) % 2)
    head = bytes(10) + b"\x04disk".ljust(28, b"\0") + bytes(12) + b"\x06marked".ljust(64, b"\0")
    levels = bytes(16) + struct.pack(">HH", 1, 1) + bytes(16)
    return head + levels + struct.pack(">HH", 2, len(name)) + name + b"\xff\xff\0\0"


def attached(content, name):
    """A Matroska file with a recording and `content` as an attachment."""
    data = recordings.encode("matroska", "libopus", seconds=0.5)

    def element(number, body):
        return bytes.fromhex(number) + struct.pack(">Q", 0x0100_0000_0000_0000 | len(body)) + body

    file = element("61a7", element("466e", name.encode()) + element("4660", b"audio/x-mpegurl")
                   + element("465c", content) + element("46ae", b"\1"))  # fmt: skip
    linked = element("3c83ab", name.encode()) + element("3eb923", bytes(range(16)))  # next segment
    # At the end of the segment, whose size is unknown to its reader: it ends with the file.
    at = data.index(b"\x18\x53\x80\x67")
    return data[: at + 4] + b"\x01" + b"\xff" * 7 + data[at + 12 :] + element("1941a469", file) \
        + element("1549a966", linked)  # fmt: skip


def with_chunk(kind, content):
    """A WAV with another chunk before its audio."""
    data = recordings.encode("wav", "pcm_s16le", seconds=0.5)
    chunk = kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    at = data.index(b"data")
    return data[:4] + struct.pack("<I", len(data) - 8 + len(chunk)) + data[8:at] + chunk + data[at:]


def mpd(url):
    return f"""<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
 mediaPresentationDuration="PT3S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>
<AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL>
<SegmentBase/></Representation></AdaptationSet></Period></MPD>""".encode()


def playlists(url):
    """Documents that name `url`, by the ffmpeg demuxer that reads them."""
    text = url.encode()
    return {
        "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:3,\n" + text + b"\n#EXT-X-ENDLIST\n",
        "hls key": b'#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=AES-128,URI="' + text
        + b'"\n#EXTINF:3,\n' + text + b"\n#EXT-X-ENDLIST\n",
        "hls map": b'#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI="' + text
        + b'"\n#EXTINF:3,\n' + text + b"\n#EXT-X-ENDLIST\n",
        "concat": b"ffconcat version 1.0\nfile '" + text + b"'\n",
        "dash": mpd(url),
        "webm_dash_manifest": b"<?xml version='1.0'?><MPD><Period><BaseURL>" + text + b"</BaseURL>",
        "imf": b'<?xml version="1.0"?><CompositionPlaylist><Id>' + text + b"</Id>",
        "pls": b"[playlist]\nFile1=" + text + b"\nNumberOfEntries=1\n",
        "asx": b'<asx version="3.0"><entry><ref href="' + text + b'"/></entry></asx>',
        "vobsub": b"# VobSub index file, v7\n# " + text + b"\nid: en, index: 0\n",
        "ass": b"[Script Info]\nAudio File: " + text + b"\n[Events]\nDialogue: 0,0:00:00.00,"
        + text + b"\n",
        "srt": b"1\n00:00:00,000 --> 00:00:03,000\n" + text + b"\n",
        "webvtt": b"WEBVTT\n\n00:00.000 --> 00:03.000\n" + text + b"\n",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="' + text + b'"/></svg>',
        "ffmetadata": b";FFMETADATA1\ntitle=" + text + b"\n",
        "mov rtsp text": b"rtsptext" + text,
        "redirect": b"[Reference]\nRef1=" + text + b"\n",
    }  # fmt: skip


def sdp(port):
    return (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n"
    ).encode()


def containers(url):
    """Containers that name `url`."""
    path = url.removeprefix("file://")
    return {
        "mov alis": mov_with_reference(b"alis", alias(path)),
        "mov url": mov_with_reference(b"url ", url.encode() + b"\0"),
        "matroska attachment": attached(playlists(url)["hls"], url),
        "wav exif": with_chunk(b"LIST", b"INFOIART" + struct.pack("<I", len(url)) + url.encode()),
        "wav id3 link": with_chunk(b"id3 ", recordings.id3(b"WOAF", url.encode())),
        "wav playlist chunk": with_chunk(b"plst", url.encode()),
        "mp3 linked picture": recordings.id3(b"APIC", b"\0-->\0\x03\0" + url.encode())
        + recordings.encode("mp3", "libmp3lame", id3v2_version="0", seconds=0.5),
        "mp3 linked information": recordings.id3(b"LINK", b"APIC" + url.encode() + b"\0")
        + recordings.encode("mp3", "libmp3lame", id3v2_version="0", seconds=0.5),
        "aiff application": _aiff_with_application(url.encode()),
        "asf redirect": _asf_with_command(url),
    }


def _aiff_with_application(content):
    data = recordings.encode("aiff", "pcm_s16be", seconds=0.5)
    chunk = b"APPL" + struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
    return data[:4] + struct.pack(">I", len(data) - 8 + len(chunk)) + data[8:] + chunk


def _asf_with_command(url):
    """A script command of type URL, which players once opened."""
    data = recordings.encode("asf", "wmav2", seconds=0.5)
    text = url.encode("utf-16-le")
    kind = "URL".encode("utf-16-le")
    body = bytes(16) + struct.pack("<HH", 1, 1) + struct.pack("<H", 3) + kind
    body += struct.pack("<IHH", 0, 0, len(url)) + text
    guid = bytes.fromhex("301afb1e620bd011a39b00a0c90348f6")
    command = guid + struct.pack("<Q", 24 + len(body)) + body
    size, objects = struct.unpack_from("<QI", data, 16)
    header = data[:16] + struct.pack("<QI", size + len(command), objects + 1) + data[28:30]
    return header + command + data[30:]


def uploads(file_url, http_url, port):
    for url in (file_url, http_url, http_url.replace("http:", "rtsp:"), f"concat:{file_url}",
                http_url.replace("http:", "tcp:"), f"subfile,,start,0,end,0,,:{file_url}",
                f"crypto:{file_url}", f"data:audio/wav;base64,{file_url}"):  # fmt: skip
        for name, document in {**playlists(url), **containers(url)}.items():
            yield f"{name} {url}", document
    yield "sdp", sdp(port)


def was_called(listener):
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return False
    return True


def outcome(function, document):
    """What a function returns for a document, or the error that it raises."""
    try:
        return function(document)
    except SamoError as error:
        return error


@pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "in this process"])
def test_no_upload_makes_the_decoder_open_a_file_or_an_address(
    decoder, listener, marked_file, isolated
):
    port = listener.getsockname()[1]
    accepted = set()
    decode_upload = (lambda data: asyncio.run(decoder.decode(data))) if isolated else decode
    for name, document in uploads(f"file://{marked_file}", f"http://127.0.0.1:{port}/a", port):
        result = outcome(decode_upload, document)
        if isinstance(result, SamoError):
            assert result.status in (413, 415, 422), name
            assert "marked" not in result.message, name
        else:
            assert result.duration == pytest.approx(0.5, abs=0.05), name
            assert np.abs(result.samples).max() == pytest.approx(0.5, abs=0.05), name
            accepted.add(name.rpartition(" ")[0])
    assert not was_called(listener)
    # these have audio of their own, which is decoded, and the reference is ignored
    assert {"wav id3 link", "mp3 linked picture", "matroska attachment"} <= accepted


@pytest.mark.parametrize("name", ["hls", "concat", "pls", "ffmetadata", "srt"])
def test_playlists_are_refused_by_name(name, marked_file):
    with pytest.raises(UnsupportedAudio) as caught:
        decode(playlists(f"file://{marked_file}")[name])
    if name in ("hls", "concat", "pls"):
        assert "a playlist" in caught.value.message


def open_carelessly(document, suffix, folder):
    """Open a document as a careless service would; return the number and median of its samples."""
    path = folder / f"upload.{suffix}"
    path.write_bytes(document)
    options = {
        **dict.fromkeys(("enable_drefs", "use_absolute_path"), "1"),
        **dict.fromkeys(("safe", "extension_picky"), "0"),
        "allowed_extensions": "ALL",
        "protocol_whitelist": "file,http,tcp,crypto,data",
    }
    program = (
        "import av, numpy\n"
        f"with av.open({str(path)!r}, options={options}, timeout=2.0) as container:\n"
        "    blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]\n"
        "samples = numpy.concatenate(blocks, axis=1)\n"
        "print(samples.size, int(numpy.median(samples)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return [int(word) for word in result.stdout.split()]


@pytest.mark.parametrize(
    ("name", "suffix"), [("hls", "m3u8"), ("concat", "ffconcat"), ("mov alis", "mov")]
)
def test_a_careless_service_would_read_the_marked_file(name, suffix, marked_file):
    """A control: the documents above are dangerous."""
    document = {**playlists(str(marked_file)), **containers(str(marked_file))}[name]
    samples, median = open_carelessly(document, suffix, marked_file.parent)
    assert median == MARK
    assert samples == (24_000 if name == "mov alis" else MARKED_SAMPLES)


@pytest.mark.parametrize(("name", "suffix"), [("hls", "m3u8"), ("concat", "ffconcat")])
def test_a_careless_service_would_call_the_address(name, suffix, listener, tmp_path):
    """A control, as above."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.wav"
    assert open_carelessly(playlists(url)[name], suffix, tmp_path) == []
    assert was_called(listener)
