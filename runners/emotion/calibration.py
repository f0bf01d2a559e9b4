"""Interpret the classifier's probabilities: labels, moods and contexts of sentences and entries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from runners.emotion.aggregation import (
    MIN_MIXED_SHARE,
    EntryCalibration,
    align_to_thresholds,
    entry_probabilities,
    intensity,
    label_shares,
    weighted_means,
)
from runners.emotion.prediction import (
    NEUTRAL,
    OTHER_PERSON,
    PAST,
    SENTIMENT_OF,
    WISHED,
    Emotion,
    EmotionContext,
    EmotionPrediction,
    EntryPrediction,
    Intensity,
    Sentiment,
    Tense,
)

# Shape (outputs,), between 0 and 1, in the order of `EmotionCalibration.outputs`.
Probabilities = npt.NDArray[np.float32]
Thresholds = npt.NDArray[np.float32]
# Lower bounds of the intensity levels "medium" and "high".
MEDIUM_INTENSITY: Final = 1 / 3
HIGH_INTENSITY: Final = 2 / 3


@dataclass(frozen=True)
class EmotionCalibration:
    """Names, temperature and thresholds of the classifier's outputs.

    Temperature and thresholds of the labels were tuned on GoEmotions' dev split, the thresholds of
    moods and contexts on first-person texts (`training/emotion/calibrate.py`). `export_models.py`
    stores them with the model.

    Attributes:
        labels: names of the first outputs, the 28 labels.
        thresholds: of the labels, float32 of shape (labels,).
        temperature: the labels' logits are divided by it.
        moods: names of the next outputs; a model may have none.
        mood_thresholds: float32 of shape (moods,).
        contexts: names of the last outputs; a model may have none.
        context_thresholds: float32 of shape (contexts,).
        entry: coefficients of the aggregation to entry level.

    """

    labels: tuple[str, ...]
    thresholds: Thresholds
    temperature: float = 1.0
    moods: tuple[str, ...] = ()
    mood_thresholds: Thresholds = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    contexts: tuple[str, ...] = ()
    context_thresholds: Thresholds = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    entry: EntryCalibration = field(default_factory=EntryCalibration)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all outputs in order: labels, moods, contexts."""
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
            entry=EntryCalibration.read(calibration["whole"])
            if "whole" in calibration
            else EntryCalibration(),
        )

    def decide(
        self,
        probabilities: Probabilities,
        threshold: float | None = None,
        top_k: int | None = None,
    ) -> list[Emotion]:
        """Return the labels that reach their threshold, highest first, at most `top_k`.

        `threshold` replaces the tuned thresholds of all labels; there may be no label that reaches
        it. Without it, if no label reaches its tuned threshold, the label with the highest ratio
        of probability to threshold is returned.
        """
        probabilities = probabilities[: len(self.labels)]
        thresholds = self.thresholds if threshold is None else np.float32(threshold)
        decided = np.flatnonzero(probabilities >= thresholds)
        if decided.size == 0 and threshold is None:
            decided = np.asarray([int(np.argmax(probabilities / self.thresholds))])
        order = decided[np.argsort(-probabilities[decided], kind="stable")][:top_k]
        return [Emotion(self.labels[i], round(float(probabilities[i]), 4)) for i in order]

    def decide_moods(self, probabilities: Probabilities) -> list[Emotion]:
        """Return the moods that reach their threshold, highest first; there may be none."""
        moods = probabilities[len(self.labels) :][: len(self.moods)]
        decided = np.flatnonzero(moods >= self.mood_thresholds)
        order = decided[np.argsort(-moods[decided], kind="stable")]
        return [Emotion(self.moods[i], round(float(moods[i]), 4)) for i in order]

    def decide_context(self, probabilities: Probabilities) -> EmotionContext:
        """Return whose emotion a sentence mentions and when it is felt.

        Both are None for a model without contexts, and for a neutral sentence without a context.
        """
        start = len(self.labels) + len(self.moods)
        values = probabilities[start : start + len(self.contexts)]
        ratios = {
            name: float(value / threshold)
            for name, value, threshold in zip(
                self.contexts, values, self.context_thresholds, strict=True
            )
            if value >= threshold
        }
        if not self.contexts or (not ratios and self.decide(probabilities)[0].name == NEUTRAL):
            return EmotionContext(None, None)
        tense: Tense = "present"
        if max(ratios.get(PAST, 0.0), ratios.get(WISHED, 0.0)) > 0.0:
            tense = "past" if ratios.get(PAST, 0.0) >= ratios.get(WISHED, 0.0) else "wished"
        return EmotionContext("other" if OTHER_PERSON in ratios else "writer", tense)

    def aggregate(
        self, probabilities: Sequence[Probabilities], lengths: Sequence[float]
    ) -> Probabilities:
        """Return the probabilities of an entry from those of its sentences.

        They are rescaled to the thresholds of sentences, so that `decide` returns one to three
        labels (`runners.emotion.aggregation`). Contexts are the mean over the sentences. An entry
        of one sentence has the probabilities of that sentence.

        Args:
            probabilities: of each sentence, of shape (outputs,).
            lengths: characters of each sentence.

        Returns:
            Array of shape (outputs,).

        """
        if len(probabilities) == 1:
            return probabilities[0]
        rows = np.clip(np.stack(probabilities).astype(np.float64), 1e-6, 1.0 - 1e-6)
        moods = slice(len(self.labels), len(self.labels) + len(self.moods))
        neutral = self.labels.index(NEUTRAL)
        entry = entry_probabilities(self.entry, rows[:, : moods.start], lengths, neutral)
        parts = [align_to_thresholds(entry, self.entry.threshold, self.thresholds)]
        if self.moods:
            entry = entry_probabilities(self.entry, rows[:, moods], lengths)
            parts.append(align_to_thresholds(entry, self.entry.threshold, self.mood_thresholds))
        parts.append(weighted_means(rows[:, moods.stop :], lengths))
        return np.concatenate(parts).astype(np.float32)

    def interpret(
        self,
        probabilities: Probabilities,
        threshold: float | None = None,
        top_k: int | None = None,
    ) -> EmotionPrediction:
        """Return the labels that apply, the primary emotion and the sentiments."""
        emotions = self.decide(probabilities, threshold, top_k)
        primary = (emotions or self.decide(probabilities, 0.0, 1))[0]
        sentiments: dict[Sentiment, float] = dict.fromkeys(
            ("positive", "negative", "ambiguous", "neutral"), 0.0
        )
        counted = emotions or [primary]
        total = sum(emotion.confidence for emotion in counted) or 1.0
        for emotion in counted:
            sentiments[SENTIMENT_OF[emotion.name]] += emotion.confidence / total
        return EmotionPrediction(
            emotions=emotions,
            primary=primary,
            sentiment=max(sentiments, key=lambda group: sentiments[group]),
            sentiments={group: round(share, 4) for group, share in sentiments.items()},
        )

    def interpret_entry(
        self,
        entry: Probabilities,
        sentences: Sequence[Probabilities],
        lengths: Sequence[float],
        threshold: float | None = None,
    ) -> EntryPrediction:
        """Interpret an entry.

        Args:
            entry: result of `aggregate`, of shape (outputs,).
            sentences: probabilities of each sentence, of shape (outputs,).
            lengths: characters of each sentence.
            threshold: see `decide`.

        """
        rows = np.stack(sentences)[:, : len(self.labels)].astype(np.float64)
        prediction = self.interpret(entry, threshold)
        shares = label_shares(rows, lengths, self.thresholds)
        strength = intensity(self.entry, rows, lengths, self.labels, self.labels.index(NEUTRAL))
        level: Intensity = "low"
        if strength >= MEDIUM_INTENSITY:
            level = "high" if strength >= HIGH_INTENSITY else "medium"
        return EntryPrediction(
            emotions=prediction.emotions,
            primary=prediction.primary,
            sentiment=prediction.sentiment,
            sentiments=prediction.sentiments,
            shares={
                emotion.name: round(float(shares[self.labels.index(emotion.name)]), 4)
                for emotion in prediction.emotions
            },
            intensity=round(strength, 4),
            intensity_level=level,
            mixed=self._is_mixed(rows, lengths),
        )

    def _is_mixed(self, rows: npt.NDArray[np.float64], lengths: Sequence[float]) -> bool:
        """Whether positive and negative emotions each apply to `MIN_MIXED_SHARE` of the entry."""
        shares = []
        for sentiment in ("positive", "negative"):
            columns = [i for i, label in enumerate(self.labels) if SENTIMENT_OF[label] == sentiment]
            applies = np.any(rows[:, columns] >= self.thresholds[columns], axis=1)
            shares.append(float(weighted_means(applies[:, None], lengths)[0]))
        return min(shares) >= MIN_MIXED_SHARE
