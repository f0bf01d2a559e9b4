"""Subtitles of transcripts, in SubRip and WebVTT."""

from __future__ import annotations

import io

import av
import pytest

from runners.transcriber.transcript import Segment
from samo.api.openai_responses import srt, vtt


def segment(start, end, text):
    return Segment(
        id=0, start=start, end=end, text=text, average_log_probability=0.0,
        no_speech_probability=0.0, compression_ratio=1.0, temperature=0.0, tokens=(), words=None,
    )  # fmt: skip


CUES = [
    segment(0.0, 1.25, " Q&A <b> --> later"),
    segment(1.25, 3725.999, " two\n\nlines"),
    segment(3725.999, 3726.0, " end"),
]


@pytest.mark.parametrize(("text", "format_name"), [(srt(CUES), "srt"), (vtt(CUES), "webvtt")])
def test_subtitles_are_read_by_ffmpeg(text, format_name):
    with av.open(io.BytesIO(text.encode()), format=format_name) as container:
        packets = [packet for packet in container.demux() if packet.size]
    starts = [float(packet.pts * packet.time_base) for packet in packets]
    assert starts == pytest.approx([0.0, 1.25, 3725.999])
    assert b"later" in bytes(packets[0])
    assert bytes(packets[1]).endswith(b"two lines")
    assert text.count("-->") == 3
    assert "\n\n\n" not in text


def test_characters_of_markup_are_escaped_in_webvtt():
    assert "Q&amp;A &lt;b> -> later" in vtt(CUES)
    assert "Q&A <b> -> later" in srt(CUES)
