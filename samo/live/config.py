"""The configuration of a live session, as OpenAI's transcription sessions have it.

Every field is supported, accepted without effect, or refused with an error that names it
(docs/openai.md has the table).
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from samo import languages
from samo.limits import MAX_KEYWORDS, MAX_TEXT_CHARACTERS

MAX_PREFIX_PADDING_MS: Final = 2_000
MIN_SILENCE_MS: Final = 200
MAX_SILENCE_MS: Final = 10_000
LOGPROBS: Final = "item.input_audio_transcription.logprobs"


def _refuse(reason: str) -> BeforeValidator:
    """Refuse every value but null, with a reason."""

    def check(value: Any) -> None:
        if value is not None:
            raise PydanticCustomError("not_supported", reason)

    return BeforeValidator(check)


def _to_code(value: Any) -> Any:
    return languages.to_code(value) if isinstance(value, str) else value


_Language = Annotated[str | None, BeforeValidator(_to_code)]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class AudioFormat(_Config):
    """Mono audio: 16-bit PCM at 24 or 16 kHz, or G.711 at 8 kHz."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"] = "audio/pcm"
    rate: int | None = Field(
        default=None,
        validate_default=True,
        description="24000 (the default) or 16000 for PCM, 8000 for G.711.",
    )

    @field_validator("rate")
    @classmethod
    def _check_rate(cls, rate: int | None, info: ValidationInfo) -> int:
        kind = info.data.get("type", "audio/pcm")
        rates = (24_000, 16_000) if kind == "audio/pcm" else (8_000,)
        if rate is None:
            return rates[0]
        if rate not in rates:
            raise PydanticCustomError(
                "unsupported_rate",
                "Must be {rates} for {type}",
                {"rates": " or ".join(map(str, rates)), "type": kind},
            )
        return rate


class Transcription(_Config):
    """How the speech is transcribed."""

    model: str | None = Field(
        default=None, max_length=256, description="Any name: there is one model."
    )
    language: _Language = Field(
        default=None, description="Code, tag or name of the language; detected if left out."
    )
    languages: list[_Language] = Field(
        default=[], max_length=100, description="The languages that detection may return."
    )
    prompt: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    keywords: list[Annotated[str, Field(max_length=MAX_TEXT_CHARACTERS)]] = Field(
        default=[], max_length=MAX_KEYWORDS
    )
    delay: Annotated[
        None, _refuse("The delay follows the load, it cannot be chosen: leave it out")
    ] = None

    @model_validator(mode="after")
    def _check_languages(self) -> Transcription:
        if self.language is not None and self.languages:
            raise PydanticCustomError(
                "two_languages", "Send language or languages, not both: clear one with null or []"
            )
        return self


class ServerVad(_Config):
    """Turns end where voice activity detection hears a pause."""

    type: Literal["server_vad"]
    threshold: float = Field(default=0.5, ge=0, le=1, strict=False)
    prefix_padding_ms: int = Field(default=300, ge=0, le=MAX_PREFIX_PADDING_MS)
    silence_duration_ms: int = Field(default=500, ge=MIN_SILENCE_MS, le=MAX_SILENCE_MS)
    create_response: bool | None = Field(
        default=None, description="Accepted: transcription sessions create no responses."
    )
    interrupt_response: bool | None = Field(default=None, description="As create_response.")
    idle_timeout_ms: Annotated[
        None, _refuse("There are no responses that a timeout could trigger: leave it out")
    ] = None

    @field_validator("type", mode="before")
    @classmethod
    def _refuse_semantic_vad(cls, value: Any) -> Any:
        if value == "semantic_vad":
            raise PydanticCustomError(
                "not_supported",
                "There is no model that understands whether a sentence ends: use server_vad",
            )
        return value


class Input(_Config):
    """The audio that comes in."""

    format: AudioFormat = Field(default_factory=AudioFormat)
    transcription: Transcription = Field(default_factory=Transcription)
    turn_detection: ServerVad | None = Field(
        default_factory=lambda: ServerVad(type="server_vad"),
        description="Null: turns end where the client commits.",
    )
    noise_reduction: Annotated[
        None, _refuse("Whisper reads unfiltered audio best, and nothing is filtered: leave it out")
    ] = None

    @field_validator("transcription", mode="before")
    @classmethod
    def _refuse_no_transcription(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError(
                "not_supported", "This session does nothing but transcribe: leave it out"
            )
        return value


class Audio(_Config):
    """Audio has only an input here."""

    input: Input = Field(default_factory=Input)


class SessionConfig(_Config):
    """The configuration of a session."""

    type: Literal["transcription"]
    audio: Audio = Field(default_factory=Audio)
    include: list[Literal["item.input_audio_transcription.logprobs"]] = []

    @classmethod
    def default(cls) -> SessionConfig:
        """What holds until the first `session.update`."""
        return cls(type="transcription")

    def updated(self, update: SessionConfig) -> SessionConfig:
        """The configuration with the fields that `update` sets.

        Raises:
            pydantic.ValidationError: They do not fit together.
        """
        changed = _merge(self.model_dump(), update.model_dump(exclude_unset=True))
        return SessionConfig.model_validate(changed)

    def as_openai(self) -> dict[str, Any]:
        """The form in which events show it."""
        session = self.model_dump(exclude_none=True)
        source = session["audio"]["input"]
        source["turn_detection"] = source.get("turn_detection")  # null means off, and is shown
        return {"object": "realtime.transcription_session", **session}


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for name, value in new.items():
        known = merged.get(name)
        replaced = name == "format"  # a rate belongs to its format
        merged[name] = (
            _merge(known, value)
            if isinstance(known, dict) and isinstance(value, dict) and not replaced
            else value
        )
    return merged
