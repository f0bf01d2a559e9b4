"""Parameters of OpenAI's audio API: their values, and which of them go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import Form
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from runners.transcriber.transcript import SpeechTask, TranscriptionRequest, VoiceDetection
from runners.transcriber.voice_activity import Samples
from samo import languages, limits, options
from samo.api.form_fields import refusal
from samo.problems import problem_message

MIN_SILENCE_MS: Final = 200
"""The voice activity detector bridges shorter pauses."""
MAX_SILENCE_MS: Final = 10_000
MAX_PADDING_MS: Final = 2_000
MAX_PROMPT_CHARACTERS: Final = 20_000

NO_SPEAKERS: Final = (
    "Speakers are not distinguished here: request another response_format, and leave out "
    "known_speaker_names and known_speaker_references"
)


class ServerVad(BaseModel):
    """Parameters of the voice activity detection. A number that is left out is as in `auto`."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["server_vad"]
    threshold: float | None = Field(default=None, ge=0, le=1)
    prefix_padding_ms: int | None = Field(default=None, ge=0, le=MAX_PADDING_MS)
    silence_duration_ms: int | None = Field(default=None, ge=MIN_SILENCE_MS, le=MAX_SILENCE_MS)

    def detection(self) -> VoiceDetection:
        """The detector's parameters."""
        return VoiceDetection(
            threshold=self.threshold,
            seconds_before=_seconds(self.prefix_padding_ms),
            pause_seconds=_seconds(self.silence_duration_ms),
        )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _response_format(value: Any) -> Any:
    value = options.normalize_choice(value)
    if value == "diarized_json":
        raise PydanticCustomError("no_speakers", NO_SPEAKERS)
    return value


def parse_chunking_strategy(value: str | None) -> VoiceDetection:
    """The detector's parameters: automatic, or those of an object in JSON.

    `samo.api.form_values` turns bracketed fields, as OpenAI's clients send them, into JSON.

    Raises:
        InvalidRequest: The value is neither.
    """
    if value is None or value.strip().lower() in ("auto", "server_vad"):
        return VoiceDetection()
    try:
        return ServerVad.model_validate_json(value).detection()
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        # the name of an unknown part may be user text
        name = ".".join(str(part) for part in problem["loc"] if part in ServerVad.model_fields)
        raise refusal(
            "chunking_strategy",
            'Must be "auto" or an object of type "server_vad", with threshold, prefix_padding_ms '
            "and silence_duration_ms" + (f"; {name}: {problem_message(problem)}" if name else ""),
        ) from None


ResponseFormat = Literal["json", "text", "srt", "vtt", "verbose_json"]
Granularity = Literal["word", "segment"]

# The form parameters of the routes.
ModelField = Annotated[str | None, Form(description="Any name; the service has one model.")]
LanguagesField = Annotated[
    list[Annotated[str | None, BeforeValidator(languages.to_code)]],
    Form(alias="languages[]", description="Languages that may be spoken; detection is among them."),
]
PromptField = Annotated[
    str,
    Form(
        max_length=MAX_PROMPT_CHARACTERS,
        description="Text that could precede the recording; biases spelling and style. Its last "
        "tokens are used.",
    ),
]
KeywordsField = Annotated[
    list[str],
    Form(
        alias="keywords[]",
        max_length=limits.MAX_KEYWORDS,
        description="Words, names and phrases that are likely to occur.",
    ),
]
TemperatureField = Annotated[
    float,
    BeforeValidator(options.parse_number),
    Form(ge=0, le=1, description="0 decodes by beam search; above, tokens are sampled."),
]
FormatField = Annotated[ResponseFormat, BeforeValidator(_response_format), Form()]
GranularitiesField = Annotated[
    list[Granularity],
    Form(alias="timestamp_granularities[]", description="For verbose_json."),
]
IncludeField = Annotated[
    list[Literal["logprobs"]], Form(alias="include[]", description="For json.")
]
ChunkingField = Annotated[
    str | None,
    Form(description='"auto", or an object {"type": "server_vad", ...} as JSON.'),
]
StreamField = Annotated[bool, Form(description="Answer with server-sent events.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIOptions:
    """The parameters of one request."""

    task: SpeechTask = "transcribe"
    language: str | None
    languages: Sequence[str | None] = ()
    prompt: str
    keywords: Sequence[str]
    temperature: float
    response_format: ResponseFormat
    granularities: Sequence[Granularity]
    include: Sequence[str]
    chunking_strategy: str | None
    stream: bool

    def check(self) -> None:
        """Raise `InvalidRequest` for parameters that do not go together, before any work."""
        parse_chunking_strategy(self.chunking_strategy)
        if self.languages and self.language is not None:
            raise refusal("languages[]", "Send language or languages[], not both")
        # "segment" is the default, and Vercel's AI SDK sends it with every format
        if "word" in self.granularities and self.response_format != "verbose_json":
            raise refusal(
                "timestamp_granularities[]",
                "Send response_format=verbose_json with it, or leave it out",
            )
        if self.include and self.response_format != "json":
            raise refusal("include[]", "Send response_format=json with it, or leave it out")
        if self.stream and self.response_format not in ("json", "text"):
            raise refusal(
                "stream", "Only response_format=json and text can be streamed; leave one out"
            )

    @property
    def logprobs(self) -> bool:
        """Whether the response contains log probabilities."""
        return "logprobs" in self.include

    def request(self, samples: Samples) -> TranscriptionRequest:
        """The request to the transcriber."""
        named = [code for code in self.languages if code is not None]
        candidates = tuple(dict.fromkeys(named)) if len(named) == len(self.languages) else ()
        language = self.language
        if len(candidates) == 1:
            (language,) = candidates
        return TranscriptionRequest(
            samples,
            language=language,
            task=self.task,
            word_timestamps="word" in self.granularities,
            candidate_languages=candidates if language is None else (),
            prompt=self.prompt,
            keywords=tuple(self.keywords),
            temperature=self.temperature,
            token_scores=self.logprobs,
            voice_detection=parse_chunking_strategy(self.chunking_strategy),
        )
