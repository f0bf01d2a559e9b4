"""A transcript in the formats of OpenAI's audio API, and the list of models that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Response
from pydantic import BeforeValidator

from runners.errors import InvalidRequest, UnknownModel
from runners.transcriber.transcriber import Segment, Task, Transcript
from samo import options

ResponseFormat = Annotated[
    Literal["json", "text", "srt", "vtt", "verbose_json"], BeforeValidator(options.normalize_choice)
]
Granularity = Literal["word", "segment"]

_GRANULARITIES: Final = "timestamp_granularities[]"
# Names that OpenAI's clients send by default; each is answered by the one transcriber.
_MODEL_ALIASES: Final = ("whisper-1", "gpt-transcribe")


def check_options(
    response_format: ResponseFormat, granularities: Sequence[Granularity], stream: bool
) -> None:
    """Refuse wishes that do not go together, as OpenAI's endpoint does, before any work."""
    problem = None
    if granularities and response_format != "verbose_json":
        problem = (_GRANULARITIES, "Send response_format=verbose_json with it, or leave it out")
    elif stream and response_format not in ("json", "text"):
        problem = (
            "stream",
            "Only response_format=json and text can be streamed; leave one of them out",
        )
    if problem is not None:
        field, message = problem
        raise InvalidRequest(f"{field}: {message}.", errors=[{"field": field, "message": message}])


def render(
    transcript: Transcript,
    response_format: ResponseFormat,
    granularities: Sequence[Granularity] = (),
    task: Task = "transcribe",
) -> Response:
    """Answer as OpenAI's endpoint does; `granularities` matter to verbose_json only."""
    if response_format == "json":
        return _json({"text": transcript.text})
    if response_format == "verbose_json":
        return _json(_verbose(transcript, granularities, task))
    if response_format == "srt":
        return Response(_srt(transcript.segments), media_type="application/x-subrip")
    if response_format == "vtt":
        return Response(_vtt(transcript.segments), media_type="text/vtt")
    return Response(transcript.text + "\n", media_type="text/plain")


def _json(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def render_events(transcript: Transcript) -> Response:
    """Answer as OpenAI's endpoint does with `stream=true`: server-sent events.

    The recording has been transcribed by then: the events follow one another at once.
    """
    pieces = [segment.text for segment in transcript.segments]
    if pieces:
        pieces[0] = pieces[0].lstrip()
    if "".join(pieces) != transcript.text:
        pieces = [transcript.text] if transcript.text else []
    events: list[dict[str, Any]] = [
        {"type": "transcript.text.delta", "delta": piece} for piece in pieces
    ]
    usage = {"type": "duration", "seconds": round(transcript.duration, 3)}
    events.append({"type": "transcript.text.done", "text": transcript.text, "usage": usage})
    return Response(
        b"".join(b"data: %s\n\n" % orjson.dumps(event) for event in events),
        media_type="text/event-stream",
        headers={"cache-control": "no-cache"},
    )


def models(tag: str, created: int) -> Response:
    """The list of models: the names that clients ask for, and the transcriber's own tag."""
    return _json({"object": "list", "data": [_model(name, created) for name in _names(tag)]})


def model(name: str, tag: str, created: int) -> Response:
    """One of the list's models; raises `UnknownModel` for another."""
    if name not in _names(tag):
        raise UnknownModel("There is no model of this name: /v1/models lists them.")
    return _json(_model(name, created))


def _names(tag: str) -> tuple[str, ...]:
    return (*_MODEL_ALIASES, tag)


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "samo"}


def _verbose(
    transcript: Transcript, granularities: Sequence[Granularity], task: Task
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "task": task,
        # of the text; OpenAI's endpoint for translations gives the name
        "language": "english" if task == "translate" else transcript.language,
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
