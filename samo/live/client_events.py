"""The events that a client sends in a live session, as OpenAI's realtime protocol names them.

`session.close` is OpenAI's for live translations.
"""

from __future__ import annotations

import binascii
from typing import Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from samo.live import server_events
from samo.live.config import SessionConfig
from samo.problems import problem_message
from samo.repeated_names import has_repeated_names

_MAX_ID_CHARACTERS: Final = 512
_UNKNOWN_FIELD: Final = "(unknown field)"
# Fields of OpenAI's sessions that converse; they are named in errors, other names may be user text.
_CONVERSATION_FIELDS: Final = frozenset(
    (
        "eagerness",
        "instructions",
        "max_output_tokens",
        "model",
        "output",
        "output_modalities",
        "parallel_tool_calls",
        "prompt",
        "reasoning",
        "speed",
        "tool_choice",
        "tools",
        "tracing",
        "truncation",
        "voice",
    )
)


class EventError(Exception):
    """An event of the client cannot be honoured; the session goes on.

    Args:
        message: what to do about it. It never contains text of the event.
        code: for programs.
        param: the field.
        event_id: the client's own id of the event.
    """

    def __init__(
        self,
        message: str,
        code: str = "invalid_value",
        param: str | None = None,
        event_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.event_id = event_id

    def as_event(self, event_id: str | None) -> server_events.ServerEvent:
        """The event that tells the client; `event_id` if the error has none itself."""
        details = server_events.ErrorDetails(
            type="invalid_request_error",
            code=self.code,
            message=self.message,
            param=self.param,
            event_id=self.event_id or event_id,
        )
        return server_events.Error(error=details)


class ClientEvent(BaseModel):
    """An event of the client; an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: str
    event_id: str | None = Field(default=None, max_length=_MAX_ID_CHARACTERS)


class SessionUpdate(ClientEvent):
    """Change the fields of the configuration that are present."""

    type: Literal["session.update"]
    session: SessionConfig


class Append(ClientEvent):
    """More audio, in base64."""

    type: Literal["input_audio_buffer.append"]
    audio: str

    def data(self) -> bytes:
        """The bytes of the audio.

        Raises:
            EventError: The text is not base64.
        """
        try:
            return binascii.a2b_base64(self.audio, strict_mode=True)
        except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
            raise EventError("audio: must be base64.", param="audio") from None


class Commit(ClientEvent):
    """End the turn here."""

    type: Literal["input_audio_buffer.commit"]


class Clear(ClientEvent):
    """Forget the audio that is not yet committed."""

    type: Literal["input_audio_buffer.clear"]


class Close(ClientEvent):
    """End the session: transcribe what is left, then send the insight."""

    type: Literal["session.close"]


_CLIENT_EVENTS: Final[dict[str, type[ClientEvent]]] = {
    "session.update": SessionUpdate,
    "input_audio_buffer.append": Append,
    "input_audio_buffer.commit": Commit,
    "input_audio_buffer.clear": Clear,
    "session.close": Close,
}


def parse(message: str | bytes | None) -> ClientEvent:
    """Parse a message of the client.

    Raises:
        EventError: It is no event, or a field is invalid.
    """
    if not isinstance(message, str):
        raise EventError("Send events as JSON in text messages.", "invalid_event")
    try:
        document = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise EventError("The message is not valid JSON.", "invalid_event") from None
    if not isinstance(document, dict):
        raise EventError("An event is a JSON object.", "invalid_event")
    event_id = document.get("event_id")
    event_id = event_id if isinstance(event_id, str) else None
    if has_repeated_names(message.encode(), document):
        raise EventError(
            "An object of the event has the same name twice: send each field once.",
            "invalid_event",
            event_id=event_id,
        )
    kind = document.get("type")
    event = _CLIENT_EVENTS.get(kind) if isinstance(kind, str) else None
    if event is None:
        known = ", ".join(_CLIENT_EVENTS)
        raise EventError(
            f"type: a transcription session knows {known}.", "unknown_event", "type", event_id
        )
    try:
        return event.model_validate(document)
    except ValidationError as error:
        raise invalid(error, event_id) from None


def invalid(error: ValidationError, event_id: str | None = None, prefix: str = "") -> EventError:
    """The error for the first field that pydantic refuses."""
    problem = error.errors(include_url=False, include_input=False)[0]
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        path[-1] = path[-1] if path[-1] in _CONVERSATION_FIELDS else _UNKNOWN_FIELD
        message = "Transcription sessions have no such field: leave it out"
    else:
        message = problem_message(problem)
    param = prefix + ".".join(path)
    return EventError(f"{param}: {message}.", "invalid_value", param, event_id)
