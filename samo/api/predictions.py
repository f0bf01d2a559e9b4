"""What the routes predict, noted for feedback: names of labels and moods, never text."""

from __future__ import annotations

from collections.abc import Sequence

from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.prediction import Emotion
from samo.insight.groupings import group_emotions
from samo.insight.results import Insight
from samo.monitoring.request_record import Prediction, note_prediction, wants_predictions


def note_text(
    calibration: EmotionCalibration, probabilities: Probabilities, emotions: Sequence[Emotion]
) -> None:
    """Note the emotions that a text was answered with, and its moods."""
    if wants_predictions():  # the moods take time
        moods = group_emotions(calibration, probabilities).moods
        note_prediction(Prediction(_names(emotions), _names(moods)))


def note_insight(insight: Insight) -> None:
    """Note the emotions and moods of an entry, if it has any."""
    emotions = insight.emotions
    note_prediction(
        Prediction(_names(emotions.prediction.emotions), _names(emotions.groups.moods))
        if emotions
        else Prediction()
    )


def _names(emotions: Sequence[Emotion]) -> tuple[str, ...]:
    return tuple(emotion.name for emotion in emotions)
