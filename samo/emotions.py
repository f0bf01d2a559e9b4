"""What the classifier's probabilities mean: labels, moods, decisions, the whole of an entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt

# Shape (labels + moods,), in [0, 1]: first the labels, then the moods of a model that has them.
Probabilities = npt.NDArray[np.float32]
Thresholds = npt.NDArray[np.float32]
Sentiment = Literal["positive", "negative", "ambiguous", "neutral"]
Intensity = Literal["low", "medium", "high"]

NEUTRAL: Final = "neutral"
MEDIUM_INTENSITY: Final = 0.3
HIGH_INTENSITY: Final = 0.6

# GoEmotions' own grouping (Demszky et al., 2020, sentiment_mapping.json).
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
    """A label and its calibrated probability in [0, 1]."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class EmotionReading:
    """What was decided about a sentence or an entry.

    `emotions` holds the labels that were decided for, highest confidence first; `primary` is the
    first of them, or the likeliest label where a threshold let none through; `sentiments` sums
    the decided labels' confidences a group, as shares of 1; `intensity` is that of the strongest
    feeling, decided for or not.
    """

    emotions: list[Emotion]
    primary: Emotion
    sentiment: Sentiment
    sentiments: dict[Sentiment, float]
    intensity: Intensity


@dataclass(frozen=True)
class EmotionScale:
    """Reads a text's probabilities: the order of labels and moods, temperature, thresholds.

    All of it was chosen on GoEmotions' dev split, for the moods on journal entries;
    `training/emotion/calibrate.py` writes it and `export_models.py` stores it with the model. The
    temperature is the labels'.
    """

    labels: tuple[str, ...]
    thresholds: Thresholds
    temperature: float
    exponent: float
    moods: tuple[str, ...] = ()
    mood_thresholds: Thresholds = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    contexts: tuple[str, ...] = ()
    context_thresholds: Thresholds = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all outputs in their order: labels, moods, contexts."""
        return self.labels + self.moods + self.contexts

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read `calibration.json` of an exported emotion model."""
        calibration = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            labels=tuple(calibration["labels"]),
            thresholds=np.asarray(calibration["thresholds"], dtype=np.float32),
            temperature=float(calibration["temperature"]),
            exponent=float(calibration.get("aggregation_exponent", 12.0)),
            moods=tuple(calibration.get("moods", ())),
            mood_thresholds=np.asarray(calibration.get("mood_thresholds", ()), dtype=np.float32),
            contexts=tuple(calibration.get("contexts", ())),
            context_thresholds=np.asarray(
                calibration.get("context_thresholds", ()), dtype=np.float32
            ),
        )

    def decide(
        self,
        probabilities: Probabilities,
        threshold: float | None = None,
        top_k: int | None = None,
    ) -> list[Emotion]:
        """Return the labels at or above the threshold, highest first, at most `top_k`.

        Without `threshold` the tuned ones decide, and where no label reaches its own the answer
        is neutral with its own probability: a text in which nothing is felt is not given the
        least bad guess. With `threshold` that one holds for all labels, and nothing is added.
        """
        probabilities = probabilities[: len(self.labels)]
        thresholds = self.thresholds if threshold is None else np.float32(threshold)
        decided = np.flatnonzero(probabilities >= thresholds)
        if decided.size == 0 and threshold is None:
            decided = np.asarray([self.labels.index(NEUTRAL)])
        order = decided[np.argsort(-probabilities[decided], kind="stable")][:top_k]
        return [Emotion(self.labels[i], round(float(probabilities[i]), 4)) for i in order]

    def decide_moods(self, probabilities: Probabilities) -> list[Emotion]:
        """Return the moods at or above their thresholds, highest first; there may be none."""
        moods = probabilities[len(self.labels) :][: len(self.moods)]
        decided = np.flatnonzero(moods >= self.mood_thresholds)
        order = decided[np.argsort(-moods[decided], kind="stable")]
        return [Emotion(self.moods[i], round(float(moods[i]), 4)) for i in order]

    def aggregate(
        self, probabilities: Sequence[Probabilities], weights: Sequence[float]
    ) -> Probabilities:
        """Probabilities of a whole entry from those of its sentences, weighted by `weights`.

        A feeling or mood is the power mean of its sentences' probabilities with a positive
        exponent, so that one sentence of grief is not drowned by ten about the weather; neutral is
        the power mean with the negative one, because an entry is neutral only where all of it is.
        """
        rows = np.clip(np.stack(probabilities).astype(np.float64), 1e-6, 1.0)
        shares = np.asarray(weights, dtype=np.float64) / float(np.sum(weights))
        exponents = np.full(rows.shape[1], self.exponent)
        exponents[self.labels.index(NEUTRAL)] *= -1.0
        means = (shares[:, None] * rows**exponents).sum(axis=0) ** (1.0 / exponents)
        return np.asarray(means, dtype=np.float32)

    def read(
        self,
        probabilities: Probabilities,
        threshold: float | None = None,
        top_k: int | None = None,
    ) -> EmotionReading:
        """Decide, then sum up: primary emotion, sentiment and intensity beside the labels."""
        emotions = self.decide(probabilities, threshold, top_k)
        primary = (emotions or self.decide(probabilities, 0.0, 1))[0]
        sentiments: dict[Sentiment, float] = dict.fromkeys(
            ("positive", "negative", "ambiguous", "neutral"), 0.0
        )
        decisive = emotions or [primary]
        total = sum(emotion.confidence for emotion in decisive) or 1.0
        for emotion in decisive:
            sentiments[SENTIMENT_OF[emotion.name]] += emotion.confidence / total
        feelings = np.delete(probabilities[: len(self.labels)], self.labels.index(NEUTRAL))
        strongest = float(feelings.max())
        return EmotionReading(
            emotions=emotions,
            primary=primary,
            sentiment=max(sentiments, key=lambda group: sentiments[group]),
            sentiments={group: round(share, 4) for group, share in sentiments.items()},
            intensity=(
                "high"
                if strongest >= HIGH_INTENSITY
                else "medium"
                if strongest >= MEDIUM_INTENSITY
                else "low"
            ),
        )
