"""The calls of the API: what to send and what comes back. Both clients send them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, TypeAdapter

from samo_client import models
from samo_client._live_protocol import session_config
from samo_client._uploads import Progress, Recording

T = TypeVar("T")
Entry = models.TrendsEntry | tuple[date | str, models.InsightResponse]
"""An entry of a journal for `trends`: when it was written, and its insight."""

REQUEST_ID: Final = "request_id"
"""An attribute that responses have besides the fields of their schema: their X-Request-ID."""

JobResult = models.InsightResponse | models.TranscriptionResponse
"""The result of a job, by its `kind`."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and how to read its response.

    `fields` are those of a form, if there is a `recording`, and otherwise of a JSON object; those
    that are None are left out. A call that is not `repeatable` has an effect: after a broken
    connection nobody knows whether it took place.
    """

    method: str
    path: str
    parse: Callable[[bytes], T]
    fields: Mapping[str, Any] | None = None
    recording: Recording | None = None
    on_progress: Progress | None = None
    repeatable: bool = True

    def json(self) -> dict[str, Any] | None:
        """The JSON object to send."""
        if self.recording is not None or self.fields is None:
            return None
        return {name: value for name, value in self.fields.items() if value is not None}

    def form(self) -> dict[str, str] | None:
        """The fields of the form to send, without the recording."""
        if self.recording is None:
            return None
        values = (self.fields or {}).items()
        return {name: _form_value(value) for name, value in values if value is not None}


def _form_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _model(schema: type[BaseModel]) -> Callable[[bytes], Any]:
    return schema.model_validate_json


def analyze(text: str, *, summary: bool, threshold: float | None) -> Call[models.InsightResponse]:
    """`POST /analyze/journal`."""
    fields = {"text": text, "generate_summary": summary, "emotion_threshold": threshold}
    return Call("POST", "/analyze/journal", _model(models.InsightResponse), fields)


def analyze_recording(
    recording: Recording,
    *,
    language: str | None,
    summary: bool,
    threshold: float | None,
    on_progress: Progress | None,
) -> Call[models.InsightResponse]:
    """`POST /analyze/voice-journal`."""
    fields = {"language": language, "generate_summary": summary, "emotion_threshold": threshold}
    parse = _model(models.InsightResponse)
    return Call("POST", "/analyze/voice-journal", parse, fields, recording, on_progress)


def transcribe(
    recording: Recording,
    *,
    language: str | None,
    task: str,
    words: bool,
    on_progress: Progress | None,
) -> Call[models.TranscriptionResponse]:
    """`POST /transcribe/voice`."""
    fields = {"language": language, "task": task, "timestamp": words}
    parse = _model(models.TranscriptionResponse)
    return Call("POST", "/transcribe/voice", parse, fields, recording, on_progress)


def predict(
    text: str, *, threshold: float | None, top_k: int | None, groupings: bool, explain: bool
) -> Call[models.PredictResponse]:
    """`POST /predict`."""
    fields = {
        "text": text,
        "threshold": threshold,
        "top_k": top_k,
        "groupings": groupings,
        "explain": explain,
    }
    return Call("POST", "/predict", _model(models.PredictResponse), fields)


def predict_batch(
    texts: Iterable[str], *, threshold: float | None, top_k: int | None, groupings: bool
) -> Call[models.PredictBatchResponse]:
    """`POST /predict_batch`."""
    fields = {
        "texts": list(texts),
        "threshold": threshold,
        "top_k": top_k,
        "groupings": groupings,
    }
    return Call("POST", "/predict_batch", _model(models.PredictBatchResponse), fields)


def summarize(text: str, *, max_sentences: int, focus: str) -> Call[models.SummaryResponse]:
    """`POST /summarize/text`."""
    fields = {"text": text, "max_sentences": max_sentences, "focus": focus}
    return Call("POST", "/summarize/text", _model(models.SummaryResponse), fields)


def trends(entries: Iterable[Entry]) -> Call[models.TrendsResponse]:
    """`POST /insights/trends`."""
    fields = {"entries": [dated for entry in entries if (dated := _dated(entry))]}
    return Call("POST", "/insights/trends", _model(models.TrendsResponse), fields)


def _dated(entry: Entry) -> dict[str, Any] | None:
    """An entry as the API takes it; None for an insight without emotions, such as silence."""
    if isinstance(entry, models.TrendsEntry):
        return entry.model_dump(mode="json", exclude_none=True)
    if not _is_dated_insight(entry):
        raise TypeError(
            "An entry of trends is a TrendsEntry or a pair of a date and an InsightResponse, which "
            "`analyze` returns."
        )
    day, insight = entry
    if insight.emotion_analysis is None:
        return None
    return {
        "date": day if isinstance(day, str) else day.isoformat(),
        "emotions": insight.emotion_analysis.emotions,
        "moods": insight.emotion_analysis.moods,
    }


def _is_dated_insight(entry: object) -> bool:
    return (
        isinstance(entry, Sequence)
        and len(entry) == 2
        and isinstance(entry[0], date | str)
        and isinstance(entry[1], models.InsightResponse)
    )


def send_feedback(
    response: BaseModel | str,
    *,
    labels: Iterable[str] | None,
    moods: Iterable[str] | None,
    **fields: Any,
) -> Call[models.FeedbackResponse]:
    """`POST /feedback`."""
    request_id = (
        response if isinstance(response, str) else (response.model_extra or {}).get(REQUEST_ID)
    )
    if request_id is None:
        raise TypeError(
            "Feedback is about a response of `analyze`, `analyze_recording`, `transcribe`, "
            "`predict`, `predict_batch` or `summarize`, or about a request id."
        )
    names = {
        "labels": None if labels is None else [*labels],
        "moods": None if moods is None else [*moods],
    }
    return Call(
        "POST",
        "/feedback",
        _model(models.FeedbackResponse),
        {"request_id": request_id, **names, **fields},
    )


def export_feedback(
    user: str, *, after: str | None, limit: int | None
) -> Call[models.UserFeedbackResponse]:
    """`GET /feedback/{user}`."""
    query = {"after": after, "limit": limit}
    encoded = urlencode({name: value for name, value in query.items() if value is not None})
    path = f"{_feedback_path(user)}?{encoded}" if encoded else _feedback_path(user)
    return Call("GET", path, _model(models.UserFeedbackResponse))


def erase_feedback(user: str) -> Call[models.ErasedResponse]:
    """`DELETE /feedback/{user}`."""
    return Call("DELETE", _feedback_path(user), _model(models.ErasedResponse))


def _feedback_path(user: str) -> str:
    return f"/feedback/{quote(user, safe='')}"


def live_token(*, seconds: int, options: Mapping[str, Any]) -> Call[models.ClientSecretResponse]:
    """`POST /v1/realtime/client_secrets`."""
    fields = {
        "expires_after": {"anchor": "created_at", "seconds": seconds},
        "session": session_config(options),
    }
    parse = _model(models.ClientSecretResponse)
    return Call("POST", "/v1/realtime/client_secrets", parse, fields)


def health() -> Call[models.HealthResponse]:
    """`GET /health`."""
    return Call("GET", "/health", _model(models.HealthResponse))


def served_models() -> Call[dict[str, models.ModelStatus]]:
    """`GET /models/status`."""
    adapter = TypeAdapter(dict[str, models.ModelStatus])
    return Call("GET", "/models/status", adapter.validate_json)


def create_job(
    recording: Recording,
    *,
    result: str,
    on_progress: Progress | None,
    fields: Mapping[str, Any],
) -> Call[models.JobResponse]:
    """`POST /v1/jobs`."""
    return Call(
        "POST",
        "/v1/jobs",
        _model(models.JobResponse),
        {"result": result, **fields},
        recording,
        on_progress,
        repeatable=False,
    )


def get_job(job_id: str) -> Call[models.JobResponse]:
    """`GET /v1/jobs/{id}`."""
    return Call("GET", _job_path(job_id), _model(models.JobResponse))


def job_result(job_id: str) -> Call[JobResult]:
    """`GET /v1/jobs/{id}/result`."""
    adapter: TypeAdapter[JobResult] = TypeAdapter(JobResult)
    return Call("GET", f"{_job_path(job_id)}/result", adapter.validate_json)


def delete_job(job_id: str) -> Call[models.JobResponse]:
    """`DELETE /v1/jobs/{id}`."""
    return Call("DELETE", _job_path(job_id), _model(models.JobResponse))


def _job_path(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"
