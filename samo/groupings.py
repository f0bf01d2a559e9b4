"""Groups beside the 28 labels: Ekman's six emotions and neutral, sentiments, twelve moods.

The confidence of a group is the noisy-or of its members' calibrated probabilities (Pearl, 1988):
1 − Π(1 − w·p), the probability that at least one holds if they were independent. On GoEmotions'
dev split, for Ekman's groups, with one threshold for all of them chosen there:

    rule          ECE      macro-F1 (5-fold)
    noisy-or      0.006    0.646
    maximum       0.016    0.646
    sum, at most 1    0.016    0.645

The maximum forgets that two half-sure members make a surer group, the sum counts a text's two
labels twice; a threshold a group, tuned and shrunk as those of the labels are, gives 0.644.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from samo.cues import CUE_LISTS, Cues, find_cues
from samo.emotions import NEUTRAL, Emotion, EmotionScale, Probabilities, Sentiment

Weights = Mapping[str, float]

# For all groups; chosen on dev with the noisy-or (above). Confidences are calibrated, so it does
# not belong to one checkpoint as thresholds on raw scores would.
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

# Ours. A label of weight 1 is the mood; one of 0.5 suggests it, and decides for it only where it
# is as good as certain. No label holds content, overwhelmed and tired, and relief is calm's only.
MOODS: Final[dict[str, Weights]] = {
    "anxious": {"nervousness": 1.0, "fear": 1.0},
    "calm": {"relief": 0.5},
    "content": {},
    "excited": {"excitement": 1.0},
    "frustrated": {"annoyance": 1.0, "anger": 1.0, "disapproval": 0.5},
    "grateful": {"gratitude": 1.0},
    "happy": {"joy": 1.0, "amusement": 0.5, "love": 0.5, "excitement": 0.5},
    "hopeful": {"optimism": 1.0},
    "overwhelmed": {},
    "proud": {"pride": 1.0},
    "sad": {"sadness": 1.0, "grief": 1.0, "disappointment": 0.5, "remorse": 0.5},
    "tired": {},
}
# Conventions, not probabilities: no data labels these moods. What a writer says is sure enough to
# decide; a topic decides only with emotions of its side that are more likely than not.
SAID: Final = 0.8
TOUCHED: Final = 0.5
# The emotions that bear out a topic of `samo.cues`.
BEARING: Final[dict[str, Weights]] = {
    "positive": dict.fromkeys(("joy", "relief", "approval", "love"), TOUCHED),
    "negative": dict.fromkeys(
        ("nervousness", "fear", "sadness", "annoyance", "disappointment"), TOUCHED
    ),
}


@dataclass(frozen=True, slots=True)
class Groupings:
    """What was decided for a text or an entry, highest confidence first.

    `ekman` holds at least one group, neutral where no other reaches the threshold; `sentiments`
    are shares of 1, as in `EmotionReading`; `moods` is empty where nothing is felt.
    """

    ekman: list[Emotion]
    sentiments: dict[Sentiment, float]
    moods: list[Emotion]


def noisy_or(labels: Sequence[str], probabilities: Probabilities, weights: Weights) -> float:
    """Probability that one of the members of `weights` holds; 0 without members.

    `probabilities` has shape (labels,), calibrated.
    """
    absent = 1.0
    for label, weight in weights.items():
        absent *= 1.0 - weight * float(probabilities[labels.index(label)])
    return 1.0 - absent


def ekman_confidences(labels: Sequence[str], probabilities: Probabilities) -> dict[str, float]:
    """The confidence of each of Ekman's groups, and of neutral."""
    return {
        group: noisy_or(labels, probabilities, dict.fromkeys(members, 1.0))
        for group, members in EKMAN.items()
    }


def mood_confidences(
    labels: Sequence[str], probabilities: Probabilities, cues: Cues
) -> dict[str, float]:
    """The confidence of each mood, from the labels and from what the text says."""
    confidences = {}
    for mood, weights in MOODS.items():
        absent = 1.0 - noisy_or(labels, probabilities, weights)
        if mood in cues.said:
            absent *= 1.0 - SAID
        elif mood in cues.touched:
            absent *= 1.0 - noisy_or(labels, probabilities, BEARING[CUE_LISTS[mood].side])
        confidences[mood] = 1.0 - absent
    return confidences


def group(scale: EmotionScale, probabilities: Probabilities, text: str) -> Groupings:
    """Group what is felt in `text`, of one sentence or many.

    `probabilities`, of shape (labels,), are those of the whole of it. They decide by
    `GROUP_THRESHOLD`, whatever threshold a request gives for the labels.
    """
    ekman = ekman_confidences(scale.labels, probabilities)
    decided = _decide(ekman) or [Emotion(NEUTRAL, round(ekman[NEUTRAL], 4))]
    return Groupings(
        ekman=decided,
        sentiments=scale.read(probabilities).sentiments,
        moods=_decide(mood_confidences(scale.labels, probabilities, find_cues(text))),
    )


def _decide(confidences: Mapping[str, float]) -> list[Emotion]:
    decided = [(name, value) for name, value in confidences.items() if value >= GROUP_THRESHOLD]
    decided.sort(key=lambda item: -item[1])
    return [Emotion(name, round(value, 4)) for name, value in decided]
