"""Responses of OpenAI's audio API: a transcript in each format, its events, the list of models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Final

import orjson
from fastapi import Response

from runners.errors import UnknownModel
from runners.transcriber.transcript import Segment, TextDelta, TokenScore, Transcript
from samo import languages
from samo.api.openai_options import OpenAIOptions
from samo.insight.results import TranscribedRecording

MODEL_ALIASES: Final = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
)
"""Names that OpenAI's clients send; all are the one transcriber."""

_FRAMES_PER_SECOND: Final = 100
_UNKNOWN_LANGUAGE: Final = "unknown"


def transcript_response(transcript: Transcript, request: OpenAIOptions) -> Response:
    """The transcript in the requested format."""
    match request.response_format:
        case "json":
            return _json(_plain(transcript, request.logprobs))
        case "verbose_json":
            return _json(_verbose(transcript, request))
        case "srt":
            return Response(srt(transcript.segments), media_type="application/x-subrip")
        case "vtt":
            return Response(vtt(transcript.segments), media_type="text/vtt")
        case "text":
            return Response(transcript.text + "\n", media_type="text/plain")


async def transcript_events(
    stream: AsyncGenerator[TextDelta | TranscribedRecording | None, None], *, logprobs: bool
) -> AsyncGenerator[dict[str, Any] | None, None]:
    """The events of a transcription; None if there is nothing new."""
    async with aclosing(stream):
        async for item in stream:
            match item:
                case None:
                    yield None
                case TextDelta():
                    event: dict[str, Any] = {"type": "transcript.text.delta", "delta": item.text}
                    if logprobs:
                        event["logprobs"] = _logprobs(item.token_scores)
                    yield event
                case TranscribedRecording():
                    yield {"type": "transcript.text.done", **_plain(item.transcript, logprobs)}


def models(tag: str, created: int) -> Response:
    """The list of models: the names that clients send, and the transcriber's tag."""
    return _json({"object": "list", "data": [_model(name, created) for name in _names(tag)]})


def model(name: str, tag: str, created: int) -> Response:
    """One model of the list; raises `UnknownModel` for other names."""
    if name not in _names(tag):
        raise UnknownModel("There is no model of this name: /v1/models lists them.")
    return _json(_model(name, created))


def _names(tag: str) -> tuple[str, ...]:
    return (*MODEL_ALIASES, tag)


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "samo"}


def _json(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": transcript.duration}


def _plain(transcript: Transcript, logprobs: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "text": transcript.text,
        "languages": [
            {"code": code} for code in dict.fromkeys(span.language for span in transcript.languages)
        ],
    }
    if logprobs:
        scores = (score for segment in transcript.segments for score in segment.token_scores)
        content["logprobs"] = _logprobs(scores)
    return {**content, "usage": _usage(transcript)}


def _logprobs(scores: Iterable[TokenScore]) -> list[dict[str, Any]]:
    return [
        {
            "token": score.text.decode(errors="replace"),
            "bytes": list(score.text),
            "logprob": score.log_probability,
        }
        for score in scores
    ]


def _verbose(transcript: Transcript, request: OpenAIOptions) -> dict[str, Any]:
    language = _UNKNOWN_LANGUAGE
    if request.task == "translate":
        language = "english"
    elif transcript.language is not None:
        language = languages.to_name(transcript.language)
    content: dict[str, Any] = {
        "task": request.task,
        "language": language,
        "duration": transcript.duration,
        "text": transcript.text,
    }
    if "segment" in request.granularities or not request.granularities:
        content["segments"] = [_segment(segment) for segment in transcript.segments]
    if "word" in request.granularities:
        content["words"] = [
            {"word": word.text.strip(), "start": word.start, "end": word.end}
            for segment in transcript.segments
            for word in segment.words or ()
        ]
    return {**content, "usage": _usage(transcript)}


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "seek": round(segment.window_start * _FRAMES_PER_SECOND),
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": list(segment.tokens),
        "temperature": segment.temperature,
        "avg_logprob": segment.average_log_probability,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_probability,
    }


def srt(segments: Sequence[Segment]) -> str:
    """SubRip subtitles; empty without segments."""
    return "\n".join(
        f"{number}\n{_clock(segment.start, ',')} --> {_clock(segment.end, ',')}\n"
        f"{_cue_text(segment)}\n"
        for number, segment in enumerate(segments, start=1)
    )


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT subtitles."""
    cues = (
        f"{_clock(segment.start, '.')} --> {_clock(segment.end, '.')}\n"
        f"{_cue_text(segment).replace('&', '&amp;').replace('<', '&lt;')}\n"
        for segment in segments
    )
    return "\n".join(["WEBVTT\n", *cues])


def _cue_text(segment: Segment) -> str:
    """The text on one line; an arrow or an empty line in it would end the cue."""
    return " ".join(segment.text.split()).replace("-->", "->")


def _clock(seconds: float, decimal_mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole_seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole_seconds:02d}{decimal_mark}{milliseconds:03d}"
