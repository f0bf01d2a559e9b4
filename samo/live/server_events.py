"""The events that the service sends in a live session, with the fields of OpenAI's protocol.

`samo.emotions` and `samo.insight` are ours; OpenAI's clients pass unknown events on.
`session.closed` is OpenAI's for live translations.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

from pydantic import BaseModel, Field


def new_id(kind: str) -> str:
    """A unique id, such as "item_3f0c..."."""
    return f"{kind}_{secrets.token_hex(10)}"


class ServerEvent(BaseModel):
    """An event of the service."""

    type: str
    event_id: str = Field(default_factory=lambda: new_id("event"))

    def to_json(self) -> str:
        """The event as a message; a field that is None is left out."""
        return self.model_dump_json(exclude_none=True)


class SessionCreated(ServerEvent):
    """The session has begun."""

    type: Literal["session.created"] = "session.created"
    session: dict[str, Any] = Field(description="The configuration.")


class SessionUpdated(ServerEvent):
    """The configuration has changed."""

    type: Literal["session.updated"] = "session.updated"
    session: dict[str, Any] = Field(description="The whole configuration.")


class SessionClosed(ServerEvent):
    """The last event."""

    type: Literal["session.closed"] = "session.closed"


class ErrorDetails(BaseModel):
    """What went wrong, and what to do."""

    type: Literal["invalid_request_error", "rate_limit_error", "server_error"]
    code: str
    message: str
    param: str | None = Field(default=None, description="The field.")
    event_id: str | None = Field(default=None, description="The client's id of its event.")


class Error(ServerEvent):
    """An event of the client was refused, or the session ends."""

    type: Literal["error"] = "error"
    error: ErrorDetails


class SpeechStarted(ServerEvent):
    """Somebody begins to speak."""

    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    item_id: str
    audio_start_ms: int = Field(
        description="Milliseconds of audio in this session before the turn, padding included."
    )


class SpeechStopped(ServerEvent):
    """A turn has ended."""

    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    item_id: str
    audio_end_ms: int


class Committed(ServerEvent):
    """The audio of a turn is complete."""

    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: str | None = None


class Cleared(ServerEvent):
    """The audio that was not committed is forgotten."""

    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


class InputAudio(BaseModel):
    """The audio of an item; the service keeps none of it."""

    type: Literal["input_audio"] = "input_audio"


class Item(BaseModel):
    """A turn, as OpenAI's conversations show it."""

    id: str
    object: Literal["realtime.item"] = "realtime.item"
    type: Literal["message"] = "message"
    status: Literal["completed"] = "completed"
    role: Literal["user"] = "user"
    content: list[InputAudio] = Field(default_factory=lambda: [InputAudio()])


class ItemCreated(ServerEvent):
    """A committed turn is an item of the conversation."""

    type: Literal["conversation.item.created"] = "conversation.item.created"
    item: Item
    previous_item_id: str | None = None


class Delta(ServerEvent):
    """The next part of a turn's text. It is stable: the parts, joined, are the transcript."""

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str


class Language(BaseModel):
    """A language that was spoken."""

    code: str


class Usage(BaseModel):
    """Seconds of audio in the turn."""

    type: Literal["duration"] = "duration"
    seconds: float


class Completed(ServerEvent):
    """The transcript of a turn; empty if no word was understood."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int = 0
    transcript: str
    languages: list[Language]
    logprobs: list[dict[str, Any]] | None = None
    usage: Usage


class Failed(ServerEvent):
    """A turn could not be transcribed."""

    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int = 0
    error: ErrorDetails


class Emotions(ServerEvent):
    """The emotions of a completed turn."""

    type: Literal["samo.emotions"] = "samo.emotions"
    item_id: str
    start_seconds: float = Field(description="Seconds of audio in this session before the turn.")
    end_seconds: float
    emotion_analysis: dict[str, Any] = Field(
        description="As `emotion_analysis` of /analyze/voice-journal."
    )
    arc: list[dict[str, Any]] = Field(description="The sentences, as in /analyze/voice-journal.")


class Insight(ServerEvent):
    """The insight of the whole session."""

    type: Literal["samo.insight"] = "samo.insight"
    insight: dict[str, Any] = Field(description="A response of /analyze/voice-journal.")
