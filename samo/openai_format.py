"""A transcript in the formats of OpenAI's /v1/audio/transcriptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import orjson
from fastapi import Response

from runners.transcriber import Segment, Transcript

ResponseFormat = Literal["json", "text", "srt", "vtt", "verbose_json"]
Granularity = Literal["word", "segment"]


def render(
    transcript: Transcript, response_format: ResponseFormat, granularities: list[Granularity]
) -> Response:
    """Answer as OpenAI's endpoint does; `granularities` matter to verbose_json only."""
    if response_format == "json":
        return _json({"text": transcript.text})
    if response_format == "verbose_json":
        return _json(_verbose(transcript, granularities))
    if response_format == "srt":
        return Response(_srt(transcript.segments), media_type="application/x-subrip")
    if response_format == "vtt":
        return Response(_vtt(transcript.segments), media_type="text/vtt")
    return Response(transcript.text + "\n", media_type="text/plain")


def _json(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def _verbose(transcript: Transcript, granularities: list[Granularity]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "task": "transcribe",
        "language": transcript.language,
        "duration": transcript.duration,
        "text": transcript.text,
    }
    if "segment" in granularities or not granularities:
        content["segments"] = [
            {
                "id": segment.id,
                "seek": 0,
                "start": segment.start,
                "end": segment.end,
                "text": segment.text,
                "tokens": list(segment.tokens),
                "temperature": segment.temperature,
                "avg_logprob": segment.average_log_probability,
                "compression_ratio": segment.compression_ratio,
                "no_speech_prob": segment.no_speech_probability,
            }
            for segment in transcript.segments
        ]
    if "word" in granularities:
        content["words"] = [
            {"word": word.text.strip(), "start": word.start, "end": word.end}
            for segment in transcript.segments
            for word in segment.words or ()
        ]
    return content


def _clock(seconds: float, decimal_mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{decimal_mark}{milliseconds:03d}"


def _srt(segments: Sequence[Segment]) -> str:
    return "\n".join(
        f"{number}\n{_clock(segment.start, ',')} --> {_clock(segment.end, ',')}\n"
        f"{segment.text.strip()}\n"
        for number, segment in enumerate(segments, start=1)
    )


def _vtt(segments: Sequence[Segment]) -> str:
    cues = (
        f"{_clock(segment.start, '.')} --> {_clock(segment.end, '.')}\n{segment.text.strip()}\n"
        for segment in segments
    )
    return "\n".join(["WEBVTT\n", *cues])
