"""Groups of the 28 labels: Ekman's six emotions and neutral, sentiments, moods.

A group holds where one of its labels was decided for, so that groups and labels never contradict
each other. Moods are outputs of the model's own, because labels do not hold all of them: no label
says tired. A mood whose sentiment contradicts that of every decided label is left out. The
confidence of one of Ekman's groups is the noisy-or of its members' calibrated probabilities
(Pearl, 1988): 1 − Π(1 − p), the probability that at least one holds if they were independent. The
maximum forgets that two half-sure members make a surer group, the sum counts a text's two labels
twice; on GoEmotions' dev split both are worse calibrated, and no better at deciding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from runners.emotion.calibration import (
    NEUTRAL,
    SENTIMENT_OF,
    Emotion,
    EmotionCalibration,
    Probabilities,
    Sentiment,
)

# GoEmotions' own (Demszky et al., 2020, ekman_mapping.json), which names no neutral.
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


# The sentiment of each mood; "tired" goes with any.
MOOD_SENTIMENT: Final[dict[str, Sentiment]] = {
    **dict.fromkeys(
        ("calm", "content", "excited", "grateful", "happy", "hopeful", "proud"), "positive"
    ),
    **dict.fromkeys(("anxious", "frustrated", "overwhelmed", "sad"), "negative"),
}
# Where something is felt and no mood reaches its threshold, the nearest one is decided for if it
# has this share of its threshold.
NEAREST_MOOD_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Groupings:
    """What was decided for a text or an entry, highest confidence first.

    `ekman` holds the groups of the decided labels, at least one; `sentiments` are shares of 1, as
    in `EmotionPrediction`; `moods` is empty where none holds.
    """

    ekman: list[Emotion]
    sentiments: dict[Sentiment, float]
    moods: list[Emotion]


def noisy_or(labels: Sequence[str], probabilities: Probabilities, members: Sequence[str]) -> float:
    """Probability that one of `members` holds, from the calibrated probabilities of all."""
    absent = 1.0
    for label in members:
        absent *= 1.0 - float(probabilities[labels.index(label)])
    return 1.0 - absent


def ekman_confidences(labels: Sequence[str], probabilities: Probabilities) -> dict[str, float]:
    """The confidence of each of Ekman's groups, and of neutral."""
    return {group: noisy_or(labels, probabilities, members) for group, members in EKMAN.items()}


def group(calibration: EmotionCalibration, probabilities: Probabilities) -> Groupings:
    """Group what is felt in a text, given the probabilities of the whole of it.

    The tuned thresholds decide, whatever a request gives for the labels.
    """
    reading = calibration.interpret(probabilities)
    decided = {emotion.name for emotion in reading.emotions}
    confidences = ekman_confidences(calibration.labels, probabilities)
    ekman = [
        Emotion(name, round(confidences[name], 4))
        for name, members in EKMAN.items()
        if decided.intersection(members)
    ]
    return Groupings(
        ekman=sorted(ekman, key=lambda one: -one.confidence),
        sentiments=reading.sentiments,
        moods=_moods(calibration, probabilities, decided),
    )


def contradicts(mood: str, labels: Iterable[str]) -> bool:
    """Whether a mood is positive and all of the labels negative, or the other way round."""
    opposite = {"positive": "negative", "negative": "positive"}.get(MOOD_SENTIMENT.get(mood, ""))
    return opposite is not None and all(SENTIMENT_OF[label] == opposite for label in labels)


def _moods(
    calibration: EmotionCalibration, probabilities: Probabilities, labels: set[str]
) -> list[Emotion]:
    """Return the decided moods that agree with the labels, or the nearest where there is none."""
    moods = [
        one for one in calibration.decide_moods(probabilities) if not contradicts(one.name, labels)
    ]
    if moods or labels == {NEUTRAL}:
        return moods
    values = probabilities[
        len(calibration.labels) : len(calibration.labels) + len(calibration.moods)
    ]
    nearest = max(
        (
            (float(value / threshold), name, float(value))
            for name, value, threshold in zip(
                calibration.moods, values, calibration.mood_thresholds, strict=True
            )
            if not contradicts(name, labels)
        ),
        default=(0.0, "", 0.0),
    )
    if nearest[0] < NEAREST_MOOD_SHARE:
        return []
    return [Emotion(nearest[1], round(nearest[2], 4))]
