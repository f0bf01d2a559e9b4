"""Lessons with the soft labels of an ensemble of teachers, for one student.

    python -m training.emotion.distill --dataset PATH --teachers RUN/adapter … --output FILE

Each teacher's logits are divided by its own temperature, chosen on dev; the soft label is the mean
of the teachers' probabilities, mixed with the raters' labels (Hinton et al., 2015). The lessons'
texts are train.tsv's, or those of lesson files that earlier steps wrote.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.emotion.calibrate import fit_temperature, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions, read_lessons, write_lessons
from training.emotion.inference import adapter_logits


def distill(
    lessons: LabelledTexts, teachers: Sequence[Path], dev: LabelledTexts, gold_share: float
) -> LabelledTexts:
    """The lessons with labels that are `gold_share` theirs and for the rest the teachers'."""
    soft = np.zeros(lessons.labels.shape)
    for teacher in teachers:
        temperature = fit_temperature(adapter_logits(teacher, dev.texts), dev.labels)
        soft += sigmoid(adapter_logits(teacher, lessons.texts) / temperature) / len(teachers)
    labels = gold_share * lessons.labels + (1.0 - gold_share) * soft
    return LabelledTexts(lessons.texts, labels.astype(np.float32), lessons.label_names)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.distill",
        description="Write lessons with the mean probabilities of several trained adapters.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--teachers", type=Path, nargs="+", required=True, help="adapter/ of runs")
    parser.add_argument("--output", type=Path, required=True, help="lesson file to write")
    parser.add_argument(
        "--lessons", type=Path, nargs="+", default=(), help="lesson files in place of train.tsv"
    )
    parser.add_argument(
        "--gold-share", type=float, default=0.5, help="share of the raters' own labels"
    )
    arguments = parser.parse_args()
    dev = load_goemotions(arguments.dataset, "dev")
    lessons = (
        read_lessons(arguments.lessons, dev.label_names)
        if arguments.lessons
        else load_goemotions(arguments.dataset, "train")
    )
    made = distill(lessons, arguments.teachers, dev, arguments.gold_share)
    write_lessons(made, arguments.output)
    print(f"{len(made)} lessons written to {arguments.output}")


if __name__ == "__main__":
    main()
