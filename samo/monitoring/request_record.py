"""What is known about the current request besides its response, for its log line.

Each layer notes what it knows; outside of a request, as in `samo batch`, nothing is noted. A record
never holds text of the request: its values are ids, names of models, steps and keys, and numbers.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

_EMOTION_BATCHERS: Final = ("emotion", "emotion_b")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was predicted for a text; None for what the route does not predict."""

    labels: tuple[str, ...] | None = None
    moods: tuple[str, ...] | None = None


@dataclass(slots=True)
class RequestRecord:
    """Notes about one request."""

    id: str
    """The request id, also in the response's X-Request-ID."""
    key: str | None = None
    """Name of the API key; None without one."""
    models: set[str] = field(default_factory=set)
    """Names of the models that were asked, such as "emotion"."""
    degraded: list[str] = field(default_factory=list)
    """Steps that failed and whose part is missing in the response."""
    predictions: list[Prediction | None] | None = None
    """One for each text of the request, None for a text that was refused. The list itself is None
    if nobody wants to know: feedback is off."""
    variant: str = "a"
    """The variant of an A/B experiment that answers; "a" without one."""
    status: int = 0
    """Status that was sent; 499 if the client disconnected before."""
    seconds: float = 0.0
    """From the headers of the request to the end of its response."""
    is_complete: bool = False
    """Whether the whole response was sent."""
    error_code: str | None = None
    """Code of the error that was sent."""
    is_refused: bool = False
    """Whether the error was sent on a WebSocket, whose status was 101 already."""
    bytes_in: int = 0
    """Bytes of the body that arrived, also of one that was refused."""
    bytes_out: int = 0
    """Bytes of the response's body."""
    trace_id: str | None = None
    """32 hexadecimal digits, as in W3C's trace context; `span_id` has 16."""
    span_id: str | None = None
    trace_sampled: bool = False
    emotion_model: str = ""
    """Tag of the emotion model that answers the caller."""
    caller: str | None = None
    """Pseudonym of the caller in an A/B experiment; None if the request is in none."""

    @property
    def asked_emotion(self) -> bool:
        """Whether the emotion model was asked, in either variant."""
        return not self.models.isdisjoint(_EMOTION_BATCHERS)


current: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)
"""The record of the current request; its tasks share it."""


def note_key(name: str) -> None:
    """The request presented the API key of this name."""
    if (record := current.get()) is not None:
        record.key = name


def note_degraded(step: str) -> None:
    """A step failed; the response is sent without its part."""
    if (record := current.get()) is not None:
        record.degraded.append(step)


def wants_predictions() -> bool:
    """Whether `note_prediction` has an effect; what it needs takes time to compute."""
    return (record := current.get()) is not None and record.predictions is not None


def note_prediction(prediction: Prediction | None) -> None:
    """The next text of the request has this prediction; None if it was refused."""
    if (record := current.get()) is not None and record.predictions is not None:
        record.predictions.append(prediction)


def note_error(code: str) -> None:
    """An error with this code is sent. If it replaces another one, the last one counts."""
    if (record := current.get()) is not None:
        record.error_code = code


def note_refusal(code: str) -> None:
    """A WebSocket that was opened is refused with this code."""
    if (record := current.get()) is not None:
        record.error_code = code
        record.is_refused = True


def note_emotion_model(tag: str, variant: str = "a", caller: str | None = None) -> None:
    """Which emotion model answers the request, and in which variant of an A/B experiment."""
    if (record := current.get()) is not None:
        record.emotion_model, record.variant, record.caller = tag, variant, caller
