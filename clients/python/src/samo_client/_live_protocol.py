"""A live session without its connection: what to send, and what the service's messages mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from samo_client import live, models
from samo_client.errors import ConnectionFailed, SamoError, SessionFailed, UnexpectedResponse

_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription."
# The service takes up to 2 MB of base64 in a message.
_MAX_AUDIO_BYTES: Final = 96_000
# Close codes of a session that the service ends in order: its insight has arrived.
_ORDERLY: Final = frozenset({1000, 1012})
_KNOWN_OPTIONS: Final = live.LiveOptions.__annotations__.keys()


@contextmanager
def needing_websockets() -> Iterator[None]:
    """Says what to install if the package is missing, in whose block it is imported."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "websockets":
            raise
        raise ModuleNotFoundError(
            'Live sessions need the package websockets: pip install "samo-client[live]".',
            name=error.name,
        ) from None


def session_config(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """The configuration to send; None if all options are left out.

    Raises:
        TypeError: There is no such option.
    """
    for name in options:
        if name not in _KNOWN_OPTIONS:
            raise TypeError(f"A live session has no option {name}: {', '.join(_KNOWN_OPTIONS)}.")
    options = {name: value for name, value in options.items() if value is not None}
    if not options:
        return None
    source: dict[str, Any] = {}
    texts = ("language", "languages", "prompt", "keywords")
    if transcription := {name: options[name] for name in texts if name in options}:
        source["transcription"] = transcription
    if audio_format := _picked(options, encoding="type", rate="rate"):
        source["format"] = audio_format
    detection = _picked(
        options,
        silence_duration_ms="silence_duration_ms",
        prefix_padding_ms="prefix_padding_ms",
        vad_threshold="threshold",
    )
    if not options.get("turn_detection", True):
        if detection:
            raise TypeError(f"Without turn_detection there is no {next(iter(detection))}.")
        source["turn_detection"] = None
    elif detection:
        source["turn_detection"] = {"type": "server_vad", **detection}
    config: dict[str, Any] = {"type": "transcription", "audio": {"input": source}}
    if options.get("logprobs"):
        config["include"] = ["item.input_audio_transcription.logprobs"]
    return config


def _picked(options: Mapping[str, Any], **names: str) -> dict[str, Any]:
    return {wire: options[name] for name, wire in names.items() if name in options}


def update_message(config: Mapping[str, Any]) -> str:
    """The message that configures the session."""
    return json.dumps({"type": "session.update", "session": config})


def audio_messages(audio: bytes | bytearray | memoryview) -> Iterator[str]:
    """Messages with audio, none larger than the service takes."""
    data = memoryview(audio).cast("B")
    for start in range(0, len(data), _MAX_AUDIO_BYTES):
        text = base64.b64encode(data[start : start + _MAX_AUDIO_BYTES]).decode()
        yield json.dumps({"type": "input_audio_buffer.append", "audio": text})


COMMIT: Final = json.dumps({"type": "input_audio_buffer.commit"})
CLEAR: Final = json.dumps({"type": "input_audio_buffer.clear"})
CLOSE: Final = json.dumps({"type": "session.close"})


class Progress:
    """What a session has said so far. It is fed with the service's messages.

    Attributes:
        turns: The completed turns.
        insight: The insight, when the session has ended.
        problem: The last problem.
        is_configured: Whether the service has confirmed the configuration.
        is_finishing: Whether the caller has ended the session.

    """

    def __init__(self, url: str) -> None:
        self.turns: list[live.Turn] = []
        self.insight: models.InsightResponse | None = None
        self.problem: live.Problem | None = None
        self.is_configured = False
        self.is_finishing = False
        self._url = url
        self._texts: dict[str, str] = {}
        self._is_closed = False

    @property
    def text(self) -> str:
        """The final text of all turns, also of those that are not completed."""
        return " ".join(text for one in self._texts.values() if (text := one.strip()))

    def take(self, message: str | bytes) -> live.Event | None:
        """The event of a message; None if the message is of no interest, or unknown.

        Raises:
            UnexpectedResponse: It is no message of SAMO.
        """
        try:
            document = json.loads(message)
            kind = document["type"]
            if isinstance(turn_id := document.get("item_id"), str):
                self._texts.setdefault(turn_id, "")
            read = _READERS.get(kind)
            event = read(document) if read else None
        except (ValueError, KeyError, TypeError, AttributeError):
            # without the cause, which may quote the message
            raise UnexpectedResponse(
                f"A message from {self._url} is not SAMO's: check the URL and the versions."
            ) from None
        self.is_configured |= kind == "session.updated"
        self._is_closed |= kind == "session.closed"
        self._remember(event)
        return event

    def _remember(self, event: live.Event | None) -> None:
        if isinstance(event, live.Text):
            self._texts[event.turn_id] += event.text
        elif isinstance(event, live.Turn):
            self._texts[event.turn_id] = event.text
            self.turns.append(event)
        elif isinstance(event, live.Insight):
            self.insight = event.insight
        elif isinstance(event, live.Problem):
            self.problem = event

    def end(self, close_code: int | None) -> SamoError | None:
        """What to raise when the connection has ended; None if the session ended in order."""
        if self._is_closed and close_code in _ORDERLY:
            return None
        if self.problem is not None and (self._is_closed or close_code == 1013):
            return _failed(self.problem)
        return ConnectionFailed(
            f"The connection to {self._url} broke (close code {close_code}). What was recognized "
            "so far is in the session's `text` and `turns`."
        )

    def failure(self) -> SessionFailed:
        """The error for something that is sent after the session has ended, or is refused."""
        if self.problem is None or self.is_finishing:
            return SessionFailed("The session has ended: open another.", code="session_closed")
        return _failed(self.problem)


def _failed(problem: live.Problem) -> SessionFailed:
    return SessionFailed(problem.message, code=problem.code, param=problem.param)


def _speech_started(message: dict[str, Any]) -> live.Event:
    return live.SpeechStarted(message["item_id"], message["audio_start_ms"] / 1000)


def _speech_stopped(message: dict[str, Any]) -> live.Event:
    return live.SpeechStopped(message["item_id"], message["audio_end_ms"] / 1000)


def _text(message: dict[str, Any]) -> live.Event:
    return live.Text(message["item_id"], message["delta"])


def _turn(message: dict[str, Any]) -> live.Event:
    logprobs = message.get("logprobs")
    return live.Turn(
        message["item_id"],
        message["transcript"],
        tuple(language["code"] for language in message["languages"]),
        message["usage"]["seconds"],
        None if logprobs is None else tuple(logprobs),
    )


def _turn_failed(message: dict[str, Any]) -> live.Event:
    error = message["error"]
    return live.TurnFailed(message["item_id"], error["code"], error["message"])


def _emotions(message: dict[str, Any]) -> live.Event:
    return live.Emotions(
        message["item_id"],
        message["start_seconds"],
        message["end_seconds"],
        models.EmotionAnalysis.model_validate(message["emotion_analysis"]),
        tuple(models.ArcPoint.model_validate(point) for point in message["arc"]),
    )


def _insight(message: dict[str, Any]) -> live.Event:
    return live.Insight(models.InsightResponse.model_validate(message["insight"]))


def _problem(message: dict[str, Any]) -> live.Event:
    error = message["error"]
    return live.Problem(error["code"], error["message"], error.get("param"))


_READERS: Final[dict[str, Callable[[dict[str, Any]], live.Event]]] = {
    "input_audio_buffer.speech_started": _speech_started,
    "input_audio_buffer.speech_stopped": _speech_stopped,
    f"{_TRANSCRIPTION}delta": _text,
    f"{_TRANSCRIPTION}completed": _turn,
    f"{_TRANSCRIPTION}failed": _turn_failed,
    "samo.emotions": _emotions,
    "samo.insight": _insight,
    "error": _problem,
}
