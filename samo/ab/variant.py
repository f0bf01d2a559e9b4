"""A variant of an A/B experiment."""

from __future__ import annotations

from typing import NamedTuple

from runners.emotion.calibration import EmotionCalibration, Probabilities
from samo.insight.classification import EmotionBatcher


class Variant(NamedTuple):
    """An emotion model and what its probabilities mean."""

    emotion: EmotionBatcher
    calibration: EmotionCalibration

    def labels(self, probabilities: Probabilities) -> list[str]:
        """The labels of a passage, the most confident first."""
        return [emotion.name for emotion in self.calibration.decide(probabilities)]
