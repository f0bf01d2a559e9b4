"""What happens in a live session: events, and the options with which it begins.

Both clients have a method `live`:

    with samo.live(language="en") as session:
        for event in session.stream("entry.wav"):
            if isinstance(event, live.Text):
                print(event.text, end="")
            elif isinstance(event, live.Insight):
                print(event.insight.summary)

The events are named for what they tell; docs/live.md lists the messages of the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from samo_client import models


class LiveOptions(TypedDict, total=False):
    """The options of a live session; all may be left out.

    Attributes:
        language: A code such as "en"; detected by default.
        languages: The languages that detection may return; not together with `language`.
        prompt: Text that comes before the speech, for its spelling.
        keywords: Words that may be spoken, such as names.
        turn_detection: If false, turns end only where `commit` is called.
        silence_duration_ms: How long a pause ends a turn, from 200 to 10,000.
        prefix_padding_ms: Sound before the beginning of speech that belongs to the turn.
        vad_threshold: From 0 to 1; how sure the voice activity detector must be.
        encoding: Of the audio: 16-bit PCM, or G.711 at 8 kHz.
        rate: Samples per second of PCM, 24,000 (the default) or 16,000.
        logprobs: Add the probabilities of the words to each turn.

    """

    language: str
    languages: list[str]
    prompt: str
    keywords: list[str]
    turn_detection: bool
    silence_duration_ms: int
    prefix_padding_ms: int
    vad_threshold: float
    encoding: Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
    rate: Literal[24_000, 16_000]
    logprobs: bool


@dataclass(frozen=True)
class SpeechStarted:
    """Somebody begins to speak, `seconds` after the beginning of the audio."""

    turn_id: str
    seconds: float
    type: Literal["speech_started"] = "speech_started"


@dataclass(frozen=True)
class SpeechStopped:
    """A pause has ended the turn."""

    turn_id: str
    seconds: float
    type: Literal["speech_stopped"] = "speech_stopped"


@dataclass(frozen=True)
class Text:
    """The next part of a turn's text, which is final: the parts, joined, are its transcript."""

    turn_id: str
    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True)
class Turn:
    """A completed turn.

    Attributes:
        turn_id: Which turn.
        text: The transcript; empty if no word was understood.
        languages: Codes of the languages that were spoken.
        seconds: How long the turn is.
        logprobs: Of the tokens, if the session was asked for them.

    """

    turn_id: str
    text: str
    languages: tuple[str, ...]
    seconds: float
    logprobs: tuple[dict[str, Any], ...] | None = None
    type: Literal["turn"] = "turn"


@dataclass(frozen=True)
class TurnFailed:
    """A turn could not be transcribed; the session goes on."""

    turn_id: str
    code: str
    message: str
    type: Literal["turn_failed"] = "turn_failed"


@dataclass(frozen=True)
class Emotions:
    """The emotions of a completed turn; times count from the beginning of the audio."""

    turn_id: str
    start_seconds: float
    end_seconds: float
    emotion_analysis: models.EmotionAnalysis
    arc: tuple[models.ArcPoint, ...]
    type: Literal["emotions"] = "emotions"


@dataclass(frozen=True)
class Insight:
    """The insight of the whole session, at its end."""

    insight: models.InsightResponse
    type: Literal["insight"] = "insight"


@dataclass(frozen=True)
class Problem:
    """Something that was sent is refused, or the session ends and why.

    Attributes:
        code: For programs, such as "session_expired"; docs/live.md lists them.
        message: What to do about it.
        param: The field, if there is one.

    """

    code: str
    message: str
    param: str | None = None
    type: Literal["problem"] = "problem"


Event = SpeechStarted | SpeechStopped | Text | Turn | TurnFailed | Emotions | Insight | Problem
"""What a session yields. `type` names it, for programs that prefer that to `isinstance`."""
