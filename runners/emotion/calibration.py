"""What the classifier's probabilities mean: labels, moods, decisions, the whole of an entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt

from runners.emotion.aggregation import (
    MIXED_SHARE,
    EntryCalibration,
    align_to_thresholds,
    entry_probabilities,
    intensity,
    label_shares,
    weighted_means,
)

# Shape (labels + moods,), in [0, 1]: first the labels, then the moods of a model that has them.
Probabilities = npt.NDArray[np.float32]
Thresholds = npt.NDArray[np.float32]
Sentiment = Literal["positive", "negative", "ambiguous", "neutral"]
Intensity = Literal["low", "medium", "high"]

Experiencer = Literal["writer", "other"]
Tense = Literal["present", "past", "wished"]

NEUTRAL: Final = "neutral"
# Intensities of a whole entry from here on are medium, and high.
MEDIUM_INTENSITY: Final = 1 / 3
HIGH_INTENSITY: Final = 2 / 3
# Outputs of the model that say whose feeling a sentence tells of, and when it is felt.
OTHER_PERSON: Final = "other"
PAST: Final = "past"
WISHED: Final = "wished"

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
class EmotionPrediction:
    """What was decided about a sentence or an entry.

    `emotions` holds the labels that were decided for, highest confidence first; `primary` is the
    first of them, or the likeliest label where a threshold let none through; `sentiments` sums the
    decided labels' confidences by group, as shares of 1.
    """

    emotions: list[Emotion]
    primary: Emotion
    sentiment: Sentiment
    sentiments: dict[Sentiment, float]


@dataclass(frozen=True, slots=True)
class EntryPrediction:
    """What was decided about a whole entry.

    `shares` says in how much of the entry, by length, each decided emotion holds; `intensity` is
    how strongly is felt, from 0 to 1, `level` the same in words; `mixed` is true where positive
    and negative feelings both hold in a part of the entry.
    """

    prediction: EmotionPrediction
    shares: dict[str, float]
    intensity: float
    intensity_level: Intensity
    mixed: bool


@dataclass(frozen=True, slots=True)
class EmotionContext:
    """Whose feeling a sentence mentions, and when it is felt; None if it mentions none."""

    experiencer: Experiencer | None
    tense: Tense | None


@dataclass(frozen=True)
class EmotionCalibration:
    """Reads a text's probabilities: the order of the outputs, temperature, thresholds.

    The labels' temperature and thresholds were chosen on GoEmotions' dev split, the thresholds of
    moods and contexts on first-person texts; `training/emotion/calibrate.py` writes them and
    `export_models.py` stores them with the model.
    """

    labels: tuple[str, ...]
    thresholds: Thresholds
    temperature: float = 1.0
    moods: tuple[str, ...] = ()
    mood_thresholds: Thresholds = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    contexts: tuple[str, ...] = ()
    context_thresholds: Thresholds = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    whole: EntryCalibration = field(default_factory=EntryCalibration)

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
            moods=tuple(calibration.get("moods", ())),
            mood_thresholds=np.asarray(calibration.get("mood_thresholds", ()), dtype=np.float32),
            contexts=tuple(calibration.get("contexts", ())),
            context_thresholds=np.asarray(
                calibration.get("context_thresholds", ()), dtype=np.float32
            ),
            whole=EntryCalibration.read(calibration["whole"])
            if "whole" in calibration
            else EntryCalibration(),
        )

    def decide(
        self,
        probabilities: Probabilities,
        threshold: float | None = None,
        top_k: int | None = None,
    ) -> list[Emotion]:
        """Return the labels at or above the threshold, highest first, at most `top_k`.

        Without `threshold` the tuned ones decide, and where no label reaches its own the answer
        is the one label that comes nearest, with its own probability: neutral only where neutral
        is likely. With `threshold` that one holds for all labels, and nothing is added.
        """
        probabilities = probabilities[: len(self.labels)]
        thresholds = self.thresholds if threshold is None else np.float32(threshold)
        decided = np.flatnonzero(probabilities >= thresholds)
        if decided.size == 0 and threshold is None:
            decided = np.asarray([int(np.argmax(probabilities / self.thresholds))])
        order = decided[np.argsort(-probabilities[decided], kind="stable")][:top_k]
        return [Emotion(self.labels[i], round(float(probabilities[i]), 4)) for i in order]

    def decide_moods(self, probabilities: Probabilities) -> list[Emotion]:
        """Return the moods at or above their thresholds, highest first; there may be none."""
        moods = probabilities[len(self.labels) :][: len(self.moods)]
        decided = np.flatnonzero(moods >= self.mood_thresholds)
        order = decided[np.argsort(-moods[decided], kind="stable")]
        return [Emotion(self.moods[i], round(float(moods[i]), 4)) for i in order]

    def decide_context(self, probabilities: Probabilities) -> EmotionContext:
        """Say whose feeling a sentence tells of and when it is felt.

        A model without these outputs says nothing, and neither does a sentence that is neutral.
        """
        start = len(self.labels) + len(self.moods)
        values = probabilities[start : start + len(self.contexts)]
        held = {
            name: float(value / threshold)
            for name, value, threshold in zip(
                self.contexts, values, self.context_thresholds, strict=True
            )
            if value >= threshold
        }
        if not self.contexts or (not held and self.decide(probabilities)[0].name == NEUTRAL):
            return EmotionContext(None, None)
        tense: Tense = "present"
        if max(held.get(PAST, 0.0), held.get(WISHED, 0.0)) > 0.0:
            tense = "past" if held.get(PAST, 0.0) >= held.get(WISHED, 0.0) else "wished"
        return EmotionContext("other" if OTHER_PERSON in held else "writer", tense)

    def aggregate(
        self, probabilities: Sequence[Probabilities], lengths: Sequence[float]
    ) -> Probabilities:
        """Probability of each output that it belongs to the whole (`runners.emotion.aggregation`).

        They are on the scale of the sentences' thresholds, so that `decide` gives one to three
        labels. Contexts belong to sentences; theirs are the mean. One sentence is its own whole.
        """
        if len(probabilities) == 1:
            return probabilities[0]
        rows = np.clip(np.stack(probabilities).astype(np.float64), 1e-6, 1.0 - 1e-6)
        moods = slice(len(self.labels), len(self.labels) + len(self.moods))
        labels = self._whole(rows[:, : moods.start], lengths, self.thresholds)
        of_moods = (
            self._whole(rows[:, moods], lengths, self.mood_thresholds)
            if self.moods
            else np.zeros(0)
        )
        contexts = weighted_means(rows[:, moods.stop :], lengths)
        return np.concatenate([labels, of_moods, contexts]).astype(np.float32)

    def _whole(
        self, rows: npt.NDArray[np.float64], lengths: Sequence[float], thresholds: Thresholds
    ) -> npt.NDArray[np.float64]:
        neutral = self.labels.index(NEUTRAL) if rows.shape[1] == len(self.labels) else None
        belongs = entry_probabilities(self.whole, rows, lengths, neutral)
        return align_to_thresholds(belongs, self.whole.threshold, thresholds)

    def interpret(
        self,
        probabilities: Probabilities,
        threshold: float | None = None,
        top_k: int | None = None,
    ) -> EmotionPrediction:
        """Decide, then sum up: primary emotion and sentiment with the labels."""
        emotions = self.decide(probabilities, threshold, top_k)
        primary = (emotions or self.decide(probabilities, 0.0, 1))[0]
        sentiments: dict[Sentiment, float] = dict.fromkeys(
            ("positive", "negative", "ambiguous", "neutral"), 0.0
        )
        decisive = emotions or [primary]
        total = sum(emotion.confidence for emotion in decisive) or 1.0
        for emotion in decisive:
            sentiments[SENTIMENT_OF[emotion.name]] += emotion.confidence / total
        return EmotionPrediction(
            emotions=emotions,
            primary=primary,
            sentiment=max(sentiments, key=lambda group: sentiments[group]),
            sentiments={group: round(share, 4) for group, share in sentiments.items()},
        )

    def interpret_entry(
        self,
        whole: Probabilities,
        sentences: Sequence[Probabilities],
        lengths: Sequence[float],
        threshold: float | None = None,
    ) -> EntryPrediction:
        """Read an entry from `whole`, what `aggregate` made of its `sentences`."""
        rows = np.stack(sentences)[:, : len(self.labels)].astype(np.float64)
        prediction = self.interpret(whole, threshold)
        shares = label_shares(rows, lengths, self.thresholds)
        strength = intensity(self.whole, rows, lengths, self.labels, self.labels.index(NEUTRAL))
        level: Intensity = "low"
        if strength >= MEDIUM_INTENSITY:
            level = "high" if strength >= HIGH_INTENSITY else "medium"
        return EntryPrediction(
            prediction=prediction,
            shares={
                emotion.name: round(float(shares[self.labels.index(emotion.name)]), 4)
                for emotion in prediction.emotions
            },
            intensity=round(strength, 4),
            intensity_level=level,
            mixed=self._mixed(rows, lengths),
        )

    def _mixed(self, rows: npt.NDArray[np.float64], lengths: Sequence[float]) -> bool:
        """Whether positive and negative feelings both hold in `MIXED_SHARE` of the entry."""
        shares = []
        for sentiment in ("positive", "negative"):
            own = [i for i, label in enumerate(self.labels) if SENTIMENT_OF[label] == sentiment]
            holds = np.any(rows[:, own] >= self.thresholds[own], axis=1)
            shares.append(float(weighted_means(holds[:, None], lengths)[0]))
        return min(shares) >= MIXED_SHARE
