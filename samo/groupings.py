"""Groups beside the 28 labels: Ekman's six emotions and neutral, sentiments, moods.

Moods are outputs of the model's own, because labels do not hold all of them: no label says tired.
The confidence of one of Ekman's groups is the noisy-or of its members' calibrated probabilities
(Pearl, 1988): 1 − Π(1 − p), the probability that at least one holds if they were independent. The
maximum forgets that two half-sure members make a surer group, the sum counts a text's two labels
twice; on GoEmotions' dev split both are worse calibrated, and no better at deciding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from samo.emotions import NEUTRAL, Emotion, EmotionScale, Probabilities, Sentiment

# For all of Ekman's groups; chosen on dev. Confidences are calibrated, so
# it does not belong to one checkpoint as thresholds on raw scores would.
GROUP_THRESHOLD: Final = 0.30

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


@dataclass(frozen=True, slots=True)
class Groupings:
    """What was decided for a text or an entry, highest confidence first.

    `ekman` holds at least one group, neutral where no other reaches the threshold; `sentiments`
    are shares of 1, as in `EmotionReading`; `moods` is empty where none holds.
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


def group(scale: EmotionScale, probabilities: Probabilities) -> Groupings:
    """Group what is felt in a text, given the probabilities of the whole of it.

    `GROUP_THRESHOLD` and the moods' own thresholds decide, whatever a request gives for the labels.
    """
    ekman = ekman_confidences(scale.labels, probabilities)
    decided = [Emotion(name, round(p, 4)) for name, p in ekman.items() if p >= GROUP_THRESHOLD]
    return Groupings(
        ekman=sorted(decided, key=lambda one: -one.confidence)
        or [Emotion(NEUTRAL, round(ekman[NEUTRAL], 4))],
        sentiments=scale.read(probabilities).sentiments,
        moods=scale.decide_moods(probabilities),
    )
