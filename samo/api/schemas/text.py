"""Bodies of the routes for typed text: `/predict`, `/predict_batch`, `/summarize/text`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from runners.emotion.prediction import Sentiment
from samo import limits, options
from samo.api.schemas.base import JournalText, RequestBody, Threshold, TopK, WithGroupings
from samo.api.schemas.errors import ErrorBody


def _check_total_length(texts: list[Any]) -> list[Any]:
    """Count the texts that are classified; a text that is too long gets its own error."""
    lengths = [len(text) for text in texts if isinstance(text, str)]
    total = sum(length for length in lengths if length <= limits.MAX_TEXT_CHARACTERS)
    if total > limits.MAX_BATCH_CHARACTERS:
        raise PydanticCustomError(
            "batch_too_long",
            "All texts together may have at most {max_characters} characters; send them in "
            "several requests",
            {"max_characters": limits.MAX_BATCH_CHARACTERS},
        )
    return texts


class PredictRequest(RequestBody):
    """A text to classify."""

    text: JournalText
    groupings: WithGroupings = False
    threshold: Threshold | None = None
    top_k: TopK | None = None
    explain: bool = Field(
        default=False,
        description="Return the words that caused each emotion. The text is classified again, "
        "about ten to twenty times for each emotion, so this takes longer, and the text may have "
        f"at most {limits.MAX_EXPLAINED_CHARACTERS} characters and {limits.MAX_EXPLAINED_WORDS} "
        "words and punctuation marks.",
    )


class PredictBatchRequest(RequestBody):
    """Texts to classify together; each has its own result or error."""

    texts: Annotated[list[Any], AfterValidator(_check_total_length)] = Field(
        min_length=1,
        max_length=limits.MAX_BATCH_TEXTS,
        description=f"1 to {limits.MAX_BATCH_TEXTS} texts, together at most "
        f"{limits.MAX_BATCH_CHARACTERS} characters. The result of an invalid text is an `error`; "
        "the other texts are classified.",
        json_schema_extra={"items": {"type": "string"}},
    )
    groupings: WithGroupings = False
    threshold: Threshold | None = None
    top_k: TopK | None = None


class SummarizeRequest(RequestBody):
    """A text to summarize."""

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
        description="What to keep: the most emotional sentences (feeling), what the text is about "
        "(gist), or both (core).",
    )


class EmotionScore(BaseModel):
    """A label of GoEmotions and its calibrated probability."""

    emotion: str = Field(examples=["joy"])
    confidence: float = Field(ge=0.0, le=1.0, examples=[0.8731])


class ExplainedWord(BaseModel):
    """A word that caused an emotion; `word` is `text[start:end]` in Unicode code points."""

    word: str = Field(
        description="A word, an emoji, an emoticon or a run of punctuation.", examples=["happy"]
    )
    start: int = Field(description="Index of the first character.", examples=[52])
    end: int = Field(description="Index after the last character.", examples=[57])
    weight: float = Field(
        description="How far the emotion's confidence falls when the word is hidden; 0 if other "
        "words alone are enough.",
        ge=0.0,
        le=1.0,
        examples=[0.4127],
    )


class EmotionExplanation(BaseModel):
    """The words that caused one emotion."""

    emotion: str = Field(examples=["joy"])
    words: list[ExplainedWord] = Field(
        description="Highest weight first: of the words that make a difference, those that a "
        "reader would most likely say show the emotion. Empty for neutral, and if there is no "
        "such word."
    )


class GroupScore(BaseModel):
    """A group of labels, or a mood, and its confidence."""

    name: str = Field(examples=["joy"])
    confidence: float = Field(ge=0.0, le=1.0, examples=[0.9104])


class Groupings(BaseModel):
    """The groups and moods of a text, highest confidence first."""

    ekman: list[GroupScore] = Field(
        description="Of anger, disgust, fear, joy, sadness and surprise; neutral if none applies."
    )
    sentiments: dict[Sentiment, float] = Field(
        description="Shares that sum to 1, of the emotions that reach their tuned thresholds."
    )
    moods: list[GroupScore] = Field(
        description="Of anxious, calm, content, excited, frustrated, grateful, happy, hopeful, "
        "overwhelmed, proud, sad and tired; empty if the text is neutral."
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
        description="One for each of `emotions`, in the same order; absent without `explain`.",
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
    """The results, in the order of the texts."""

    results: list[BatchItem | BatchItemError]
    inference_time: str = Field(examples=["31ms"])


class SummaryResponse(BaseModel):
    """The summary of an entry."""

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
    emotional_tone: Sentiment | None = Field(
        description="Of the entry. Null if its emotions could not be computed, as `degraded` says; "
        "`key_emotions` and `emotions` are empty then."
    )
    method: Literal["generated", "extracted", "verbatim"] = Field(
        description="'generated' by the model; 'extracted' if its output was not faithful to the "
        "entry, so that one or more sentences are the entry's own; 'verbatim' if the entry is "
        "short already."
    )


class SummarizeResponse(SummaryResponse):
    """The summary of a text."""

    degraded: list[str] = Field(
        description="`emotion` if the emotions could not be computed; empty otherwise."
    )
