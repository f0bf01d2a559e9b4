"""Names of the classifier's outputs, and the predictions that are made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Sentiment = Literal["positive", "negative", "ambiguous", "neutral"]
Intensity = Literal["low", "medium", "high"]

Experiencer = Literal["writer", "other"]
Tense = Literal["present", "past", "wished"]

NEUTRAL: Final = "neutral"
# Outputs for the emotion context of a sentence: another person's emotion, a past one, a wished one.
OTHER_PERSON: Final = "other"
PAST: Final = "past"
WISHED: Final = "wished"

# The grouping of GoEmotions (Demszky et al., 2020, sentiment_mapping.json).
SENTIMENT_OF: Final[dict[str, Sentiment]] = {
    **dict.fromkeys(
        ["admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude",
         "joy", "love", "optimism", "pride", "relief"], "positive"),
    **dict.fromkeys(
        ["anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment",
         "fear", "grief", "nervousness", "remorse", "sadness"], "negative"),
    **dict.fromkeys(["confusion", "curiosity", "realization", "surprise"], "ambiguous"),
    NEUTRAL: "neutral",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Emotion:
    """A label or mood with its calibrated probability."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class EmotionPrediction:
    """The emotions of a sentence or an entry.

    Attributes:
        emotions: labels that reach their threshold, highest confidence first.
        primary: the first of them; if there is none, the label with the highest probability.
        sentiment: the sentiment with the largest share.
        sentiments: share of each sentiment in the confidences of `emotions`, or of `primary` if
            there are none; sums to 1.

    """

    emotions: list[Emotion]
    primary: Emotion
    sentiment: Sentiment
    sentiments: dict[Sentiment, float]


@dataclass(frozen=True, slots=True)
class EntryPrediction(EmotionPrediction):
    """The emotions of an entry, with attributes that exist only at entry level.

    Attributes:
        shares: share of the text, by characters, in sentences to which each emotion applies.
        intensity: between 0 and 1.
        intensity_level: the same in three levels.
        mixed: whether positive and negative emotions each apply to a substantial part of the text.

    """

    shares: dict[str, float]
    intensity: float
    intensity_level: Intensity
    mixed: bool


@dataclass(frozen=True, slots=True)
class EmotionContext:
    """Whose emotion a sentence mentions, and whether it is present; None if it mentions none."""

    experiencer: Experiencer | None
    tense: Tense | None
