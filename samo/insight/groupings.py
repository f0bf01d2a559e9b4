"""Groups of the 28 labels: Ekman's six emotions and neutral, sentiments, and moods.

A group applies if one of its labels does, so groups and labels never contradict each other. Moods
are separate outputs of the model, because no label expresses some of them, such as tired. A mood is
left out if its sentiment is the opposite of that of every label.

The confidence of one of Ekman's groups is the noisy-or of the calibrated probabilities of its
labels (Pearl, 1988): 1 - Π(1 - p), the probability that at least one applies if they are
independent. On GoEmotions' dev split the maximum and the sum of the probabilities are calibrated
worse, and no better at deciding: the maximum ignores that two uncertain labels make a more certain
group, and the sum counts a text with two labels twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.prediction import NEUTRAL, SENTIMENT_OF, Emotion, Sentiment

# GoEmotions' mapping (Demszky et al., 2020, ekman_mapping.json), which does not include neutral.
EKMAN: Final[dict[str, tuple[str, ...]]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": ("joy", "amusement", "approval", "excitement", "gratitude", "love", "optimism",
            "relief", "pride", "admiration", "desire", "caring"),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
    NEUTRAL: (NEUTRAL,),
}  # fmt: skip

# "tired" has no sentiment: it is compatible with any label.
MOOD_SENTIMENT: Final[dict[str, Sentiment]] = {
    **dict.fromkeys(
        ("calm", "content", "excited", "grateful", "happy", "hopeful", "proud"), "positive"
    ),
    **dict.fromkeys(("anxious", "frustrated", "overwhelmed", "sad"), "negative"),
}
# If a text is emotional and no mood reaches its threshold, the nearest mood applies from this share
# of its threshold.
NEAREST_MOOD_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class EmotionGroups:
    """Groups and moods of a text or an entry, highest confidence first.

    Attributes:
        ekman: the groups of the labels; at least one.
        sentiments: shares that sum to 1, as in `EmotionPrediction`.
        moods: may be empty.

    """

    ekman: list[Emotion]
    sentiments: dict[Sentiment, float]
    moods: list[Emotion]


def noisy_or(labels: Sequence[str], probabilities: Probabilities, members: Sequence[str]) -> float:
    """Probability that one of the labels `members` applies, given those of all `labels`."""
    none_applies = 1.0
    for label in members:
        none_applies *= 1.0 - float(probabilities[labels.index(label)])
    return 1.0 - none_applies


def ekman_confidences(labels: Sequence[str], probabilities: Probabilities) -> dict[str, float]:
    """Return the confidence of each of Ekman's groups and of neutral."""
    return {group: noisy_or(labels, probabilities, members) for group, members in EKMAN.items()}


def group_emotions(calibration: EmotionCalibration, probabilities: Probabilities) -> EmotionGroups:
    """Decide which groups and moods apply, given probabilities of shape (outputs,).

    The tuned thresholds decide, even if a request sets another threshold for the labels.
    """
    prediction = calibration.interpret(probabilities)
    labels = {emotion.name for emotion in prediction.emotions}
    confidences = ekman_confidences(calibration.labels, probabilities)
    ekman = [
        Emotion(name, round(confidences[name], 4))
        for name, members in EKMAN.items()
        if labels.intersection(members)
    ]
    return EmotionGroups(
        ekman=sorted(ekman, key=lambda emotion: -emotion.confidence),
        sentiments=prediction.sentiments,
        moods=_moods(calibration, probabilities, labels),
    )


def contradicts(mood: str, labels: Iterable[str]) -> bool:
    """Whether the mood's sentiment is positive and that of every label negative, or vice versa."""
    opposite = {"positive": "negative", "negative": "positive"}.get(MOOD_SENTIMENT.get(mood, ""))
    return opposite is not None and all(SENTIMENT_OF[label] == opposite for label in labels)


def _moods(
    calibration: EmotionCalibration, probabilities: Probabilities, labels: set[str]
) -> list[Emotion]:
    """Moods that do not contradict the labels; the nearest one if none reaches its threshold."""
    moods = [
        mood
        for mood in calibration.decide_moods(probabilities)
        if not contradicts(mood.name, labels)
    ]
    if moods or labels == {NEUTRAL}:
        return moods
    first = len(calibration.labels)
    mood_probabilities = probabilities[first : first + len(calibration.moods)]
    ratio, name, confidence = max(
        (
            (float(probability / threshold), name, float(probability))
            for name, probability, threshold in zip(
                calibration.moods, mood_probabilities, calibration.mood_thresholds, strict=True
            )
            if not contradicts(name, labels)
        ),
        default=(0.0, "", 0.0),
    )
    return [Emotion(name, round(confidence, 4))] if ratio >= NEAREST_MOOD_SHARE else []
