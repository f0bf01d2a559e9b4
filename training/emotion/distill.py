"""Soft labels: what an ensemble of teachers says of texts, for one student.

    python -m training.emotion.distill --dataset PATH --teachers RUN/adapter … --lessons FILE … \
        --output FILE

Each teacher's logits are divided by its own temperature, chosen on dev; the soft label is the mean
of the teachers' probabilities, mixed with the labels that people gave (Hinton et al., 2015). What
nobody labelled is the teachers' word alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.emotion.calibrate import Array, fit_temperature, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions, read_lessons, write_lessons
from training.emotion.inference import run_logits


class Ensemble:
    """Teachers whose labels are calibrated on GoEmotions' dev split."""

    def __init__(self, teachers: Sequence[Path], dev: LabelledTexts) -> None:
        self._teachers = teachers
        self._dev = dev

    def probabilities(self, texts: Sequence[str]) -> Array:
        """Return the mean of the teachers' probabilities, shape (texts, outputs)."""
        # One pass for both sets, since loading a teacher takes longer than reading a split.
        labels = self._dev.labels.shape[1]
        total: Array | None = None
        for teacher in self._teachers:
            logits = run_logits(teacher, [*self._dev.texts, *texts])
            of_dev, of_texts = logits[: len(self._dev)], logits[len(self._dev) :]
            temperature = fit_temperature(of_dev[:, :labels], self._dev.labels)
            of_texts[:, :labels] /= temperature
            own = sigmoid(of_texts) / len(self._teachers)
            total = own if total is None else total + own
        if total is None:
            raise ValueError("an ensemble needs a teacher")
        return total


def distill(lessons: LabelledTexts, teachers: Ensemble, gold_share: float) -> LabelledTexts:
    """The lessons with labels that are `gold_share` their own and for the rest the teachers'."""
    soft = teachers.probabilities(lessons.texts)[:, : lessons.labels.shape[1]]
    mixed = gold_share * lessons.labels + (1.0 - gold_share) * soft
    labels = np.where(np.isnan(lessons.labels), soft, mixed)
    return LabelledTexts(lessons.texts, labels.astype(np.float32), lessons.label_names)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.distill",
        description="Write lessons with the mean probabilities of several trained runs.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--teachers", type=Path, nargs="+", required=True, help="adapter/ of runs")
    parser.add_argument("--output", type=Path, required=True, help="lesson file to write")
    parser.add_argument("--lessons", type=Path, nargs="+", required=True, help="lesson files")
    parser.add_argument(
        "--gold-share", type=float, default=0.5, help="share of the labels that people gave"
    )
    arguments = parser.parse_args()
    dev = load_goemotions(arguments.dataset, "dev")
    lessons = read_lessons(arguments.lessons, dev.label_names)
    soft = distill(lessons, Ensemble(arguments.teachers, dev), arguments.gold_share)
    write_lessons(soft, arguments.output)
    print(f"{len(soft)} lessons written to {arguments.output}")


if __name__ == "__main__":
    main()
