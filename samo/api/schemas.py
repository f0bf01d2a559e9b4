"""What the HTTP API takes and gives. Limits are named in `samo.limits`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from runners.emotion.calibration import Intensity, Sentiment
from samo import limits, options
from samo.insight.explanation import MIN_RELATIVE_WEIGHT, MIN_WORD_WEIGHT


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("Send at least one character that is not a space")
    return text


def _not_too_long_together(texts: list[Any]) -> list[Any]:
    """Count the texts that are classified: one that cannot be used gets its own error."""
    lengths = [len(text) for text in texts if isinstance(text, str)]
    total = sum(length for length in lengths if length <= limits.MAX_TEXT_CHARACTERS)
    if total > limits.MAX_BATCH_CHARACTERS:
        raise PydanticCustomError(
            "batch_too_long",
            "All texts together should have at most {max_characters} characters; send them in "
            "several requests",
            {"max_characters": limits.MAX_BATCH_CHARACTERS},
        )
    return texts


JournalText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=limits.MAX_TEXT_CHARACTERS,
        description=f"The entry: 1 to {limits.MAX_TEXT_CHARACTERS} characters, not only spaces.",
        examples=["I finally saw my cousins after ten years and was so happy I cried."],
    ),
    AfterValidator(_not_blank),
]
Threshold = Annotated[
    float,
    BeforeValidator(options.parse_number),
    Field(ge=0.0, le=1.0, description="One threshold for all labels, in place of the tuned ones."),
]
TopK = Annotated[
    int,
    BeforeValidator(options.parse_integer),
    Field(ge=1, le=28, description="Give at most this many emotions, the highest first."),
]

WithGroupings = Annotated[
    bool,
    Field(
        description="Give Ekman's six, sentiments and moods too. `threshold` and `top_k` do not "
        "concern them: they have a threshold of their own."
    ),
]


class Request(BaseModel):
    """A JSON body; a field that is not known is refused, lest a typing error pass unseen.

    An option that is null or blank counts as left out.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not any(map(options.is_blank, given.values())):
            return given
        return {
            name: value
            for name, value in given.items()
            if not options.is_blank(value)
            or name not in cls.model_fields
            or cls.model_fields[name].is_required()
        }


class PredictRequest(Request):
    """A text to classify."""

    text: JournalText
    groupings: WithGroupings = False
    threshold: Threshold | None = None
    top_k: TopK | None = None
    explain: bool = Field(
        default=False,
        description="Say which words carried each emotion. Each word is hidden from the model "
        "once, so it takes longer, and the text may have at most "
        f"{limits.MAX_EXPLAINED_CHARACTERS} characters and {limits.MAX_EXPLAINED_WORDS} words "
        "and marks.",
    )


class PredictBatchRequest(Request):
    """Texts to classify together; each is judged on its own."""

    texts: Annotated[list[Any], AfterValidator(_not_too_long_together)] = Field(
        min_length=1,
        max_length=limits.MAX_BATCH_TEXTS,
        description=f"1 to {limits.MAX_BATCH_TEXTS} texts, of {limits.MAX_BATCH_CHARACTERS} "
        "characters together at most. One that cannot be used gets an `error` in its place; the "
        "others are answered.",
        json_schema_extra={"items": {"type": "string"}},
    )
    groupings: WithGroupings = False
    threshold: Threshold | None = None
    top_k: TopK | None = None


class SummarizeRequest(Request):
    """A text to bring to its emotional core."""

    text: JournalText
    max_sentences: Annotated[int, BeforeValidator(options.parse_integer)] = Field(
        default=2,
        ge=1,
        le=limits.MAX_SUMMARY_SENTENCES,
        description="The summary has at most this many sentences.",
    )
    focus: Annotated[
        Literal["core", "feeling", "gist"], BeforeValidator(options.normalize_choice)
    ] = Field(
        default="core",
        description="What to keep: what is felt, what the text is about (gist), or both (core).",
    )


class JournalRequest(Request):
    """A typed entry to analyze."""

    text: JournalText
    generate_summary: bool = Field(default=True, description="False leaves `summary` null.")
    emotion_threshold: Threshold | None = None


class ErrorBody(BaseModel):
    """What went wrong and what to do about it."""

    code: str = Field(description="For programs; stable.", examples=["invalid_request"])
    message: str = Field(description="For people; says what to do.")
    details: dict[str, Any] = Field(description="Limits and positions, by code.")
    request_id: str | None = Field(description="The same as the X-Request-ID header.")


class ErrorEnvelope(BaseModel):
    """The body of every answer with a status of 400 or more."""

    error: ErrorBody


class EmotionScore(BaseModel):
    """A label of GoEmotions and its calibrated probability."""

    emotion: str = Field(examples=["joy"])
    confidence: float = Field(ge=0.0, le=1.0, examples=[0.8731])


class ExplainedWord(BaseModel):
    """A word that carried an emotion; `word` is `text[start:end]` in Unicode code points."""

    word: str = Field(
        description="A word, an emoji, an emoticon or a run of punctuation.", examples=["happy"]
    )
    start: int = Field(description="First character.", examples=[52])
    end: int = Field(description="One after the last character.", examples=[57])
    weight: float = Field(
        description="How far the emotion's confidence falls when the word is hidden.",
        gt=0.0,
        le=1.0,
        examples=[0.4127],
    )


class EmotionExplanation(BaseModel):
    """The words that carried one emotion."""

    emotion: str = Field(examples=["joy"])
    words: list[ExplainedWord] = Field(
        description=f"Heaviest first: words of a weight of at least {MIN_WORD_WEIGHT} and "
        f"{MIN_RELATIVE_WEIGHT:.0%} of the heaviest one's. Empty for neutral, which says that "
        "nothing was felt, and where no word by itself made the difference."
    )


class GroupScore(BaseModel):
    """A group of labels, or a mood, and its confidence."""

    name: str = Field(examples=["joy"])
    confidence: float = Field(ge=0.0, le=1.0, examples=[0.9104])


class Groupings(BaseModel):
    """What was decided beside the 28 labels, highest confidence first."""

    ekman: list[GroupScore] = Field(
        description="Of anger, disgust, fear, joy, sadness and surprise; neutral where none is."
    )
    sentiments: dict[Sentiment, float] = Field(
        description="Shares that sum to 1, of the emotions that the tuned thresholds decide for."
    )
    moods: list[GroupScore] = Field(
        description="Of anxious, calm, content, excited, frustrated, grateful, happy, hopeful, "
        "overwhelmed, proud, sad and tired; empty where nothing is felt."
    )


class PredictResponse(BaseModel):
    """The emotions of a text, highest confidence first."""

    emotions: list[EmotionScore]
    inference_time: str = Field(examples=["12ms"])
    groupings: Groupings | None = Field(
        default=None, description="Absent without `groupings` in the request."
    )
    explanation: list[EmotionExplanation] | None = Field(
        default=None,
        description="One for each of `emotions`, in their order; absent without `explain`.",
    )


class BatchItem(BaseModel):
    """The emotions of one text."""

    emotions: list[EmotionScore]
    groupings: Groupings | None = Field(
        default=None, description="Absent without `groupings` in the request."
    )


class BatchItemError(BaseModel):
    """Why one text of a batch was not classified."""

    error: ErrorBody


class PredictBatchResponse(BaseModel):
    """The texts' results, in the order of the texts."""

    results: list[BatchItem | BatchItemError]
    inference_time: str = Field(examples=["31ms"])


class WordTiming(BaseModel):
    """A spoken word; times in seconds from the start of the recording."""

    word: str
    start: float
    end: float
    probability: float


class TranscriptSegment(BaseModel):
    """A stretch of speech; times in seconds from the start of the recording."""

    id: int
    start: float
    end: float
    text: str


class RecordingGap(BaseModel):
    """A stretch of the file's timeline for which the file holds no sound."""

    at: float = Field(description="Seconds of sound before it.")
    seconds: float = Field(description="Its length.")


class TimeSpan(BaseModel):
    """A part of the recording; times in seconds from its start."""

    start: float
    end: float


class SpokenLanguage(TimeSpan):
    """Consecutive segments in one language."""

    language: str


class TranscriptionResponse(BaseModel):
    """The transcript of a recording."""

    text: str = Field(description="Empty where nobody speaks or no word can be made out.")
    language: str | None = Field(
        description="ISO 639-1 code, recognized or as requested; null without speech."
    )
    language_probability: float = Field(ge=0.0, le=1.0)
    confidence: float = Field(
        ge=0.0, le=1.0, description="Mean token probability, weighted by the segments' length."
    )
    duration: float = Field(description="Seconds of audio.")
    word_count: int
    speaking_rate: float = Field(
        description="Words per minute of speech; pauses of a second or more do not count."
    )
    audio_quality: Literal["excellent", "good", "fair", "poor"]
    no_speech: bool = Field(
        description="True where nobody speaks; false with an empty `text` where somebody speaks, "
        "but no word can be made out."
    )
    gaps: list[RecordingGap] = Field(
        default=[],
        description="Where the file's timeline jumps ahead by more than half a second: the "
        "recorder was paused, or a part of the file is missing. All times in this answer count "
        "sound alone.",
    )
    segments: list[TranscriptSegment]
    words: list[WordTiming] | None = Field(
        default=None, description="With `timestamp=true` of /transcribe/voice; null otherwise."
    )
    languages: list[SpokenLanguage] = Field(
        default=[], description="The languages spoken, in order; `language` is spoken longest."
    )
    unclear: list[TimeSpan] = Field(
        default=[],
        description="Where somebody speaks, but no words can be made out.",
    )


class SummaryResponse(BaseModel):
    """The emotional core of an entry."""

    summary: str
    key_emotions: list[str] = Field(
        description="Of the entry; up to three, highest confidence first."
    )
    emotions: dict[str, float] = Field(
        description="Of the summary itself; name to confidence, highest first.",
        examples=[{"sadness": 0.81}],
    )
    compression_ratio: float = Field(
        ge=0.0, le=1.0, description="Share of the entry's characters that the summary saves."
    )
    emotional_tone: Sentiment
    method: Literal["generated", "extracted", "verbatim"] = Field(
        description="'generated' by the model; 'extracted' where it was not faithful to the entry "
        "and a sentence or more are the entry's own; 'verbatim' where the entry is short already."
    )


class WholeEmotion(EmotionScore):
    """An emotion of a whole entry."""

    share: float = Field(
        ge=0.0,
        le=1.0,
        description="Share of the entry, by length, whose sentences have this emotion. Shares of "
        "several emotions may overlap.",
    )


class EmotionAnalysis(BaseModel):
    """The emotions of a whole entry."""

    emotions: dict[str, float] = Field(
        description="Name to confidence, highest first.", examples=[{"joy": 0.87}]
    )
    emotion_list: list[WholeEmotion] = Field(
        description="The same as `emotions`, in the form that `/predict` and the arc have, each "
        "with its share of the entry."
    )
    primary_emotion: str
    confidence: float = Field(description="Confidence of `primary_emotion`.")
    emotional_intensity: Intensity = Field(
        description="`intensity` in words: low below a third, high from two thirds."
    )
    intensity: float = Field(
        ge=0.0, le=1.0, description="How strongly is felt: 0 for a flat report, 1 for despair."
    )
    mixed: bool = Field(
        description="Whether positive and negative feelings each hold in a fifth of the entry."
    )
    sentiment: Sentiment
    sentiments: dict[Sentiment, float] = Field(description="Shares that sum to 1.")
    ekman: dict[str, float] = Field(
        description="Ekman's six, name to confidence, highest first; neutral where none is felt. "
        "`emotion_threshold` does not concern them.",
        examples=[{"joy": 0.91}],
    )
    moods: dict[str, float] = Field(
        description="Name to confidence, highest first; empty where nothing is felt. "
        "`emotion_threshold` does not concern them.",
        examples=[{"happy": 0.89, "grateful": 0.61}],
    )


class ArcPoint(BaseModel):
    """The emotions of one sentence; `text` is `entry[start:end]` in Unicode code points."""

    start: int = Field(description="First character.")
    end: int = Field(description="One after the last character.")
    text: str
    start_seconds: float | None = Field(description="When it was spoken; null for typed text.")
    end_seconds: float | None
    emotions: list[EmotionScore]
    primary_emotion: str
    sentiment: Sentiment
    experiencer: Literal["writer", "other"] | None = Field(
        description="Whose feeling the sentence mentions; null if it mentions none."
    )
    tense: Literal["present", "past", "wished"] | None = Field(
        description="When it is felt: now, in a time before the entry, or only in a wish or an "
        "imagined case; null if none is mentioned."
    )


class InsightResponse(BaseModel):
    """The insight of an entry."""

    transcription: TranscriptionResponse | None = Field(description="Null for typed text.")
    emotion_analysis: EmotionAnalysis | None = Field(
        description="Null where nothing was said, or `degraded` names the step."
    )
    summary: SummaryResponse | None = Field(
        description="Null where none was asked for, nothing was said, or `degraded` says so."
    )
    arc: list[ArcPoint] = Field(description="The entry's sentences in order.")
    processing_time_ms: float
    timings_ms: dict[str, float] = Field(description="Milliseconds a step.")
    pipeline_status: dict[str, bool] = Field(
        description="Which steps answered: emotion_detection, text_summarization, voice_processing."
    )
    insights: dict[str, Any] = Field(
        description="Counted facts about the entry: words, sentences, how much of it feels "
        "something, where it turns."
    )
    models: dict[str, str] = Field(description="Tags of the models that answered.")
    degraded: list[str] = Field(description="Steps that could not answer; empty when all did.")


class ModelStatus(BaseModel):
    """A model in the service."""

    tag: str = Field(description="Tag in the BentoML model store.")
    ready: bool
    queue_length: int
    metadata: dict[str, Any] = Field(description="As `export_models.py` stored it.")


class HealthResponse(BaseModel):
    """State of the service."""

    status: Literal["ok", "starting"]
    version: str
    models: dict[str, bool]
    uptime_seconds: float
