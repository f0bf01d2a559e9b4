"""Soft labels: label texts with the mean probabilities of several teachers, for one student.

    python -m training.emotion.distill --data ../shared/data --teachers RUN/adapter ... \
        --examples FILE ... --output FILE

The logits of a teacher are divided by its temperature, fitted on GoEmotions' dev split. The soft
label is the mean of the teachers' probabilities, mixed with the labels of people (Hinton et al.,
2015). Unlabelled outputs get the teachers' probabilities. With `--keep-emoji-labels` labelled texts
with emoji or emoticons keep the labels of people, for teachers that did not learn what emoji mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from runners.text.emoji import spell_emoji
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.emotion.calibrate import fit_temperature, sigmoid
from training.emotion.data import LabelledTexts, load_examples, load_goemotions, write_examples
from training.emotion.inference import run_logits
from training.emotion.served import classify, load_classifier
from training.hardware import DEVICE_HELP, DEVICES


class Ensemble:
    """Teachers: exported models, and `adapter/` folders of runs.

    Runs are calibrated on GoEmotions' dev split `dev`; exported models have their calibration. On a
    CPU an exported int8 model is several times as fast as its run.
    """

    def __init__(self, teachers: Sequence[Path], dev: LabelledTexts, device: str = "auto") -> None:
        if not teachers:
            raise ValueError("An ensemble needs at least one teacher.")
        self._teachers = teachers
        self._dev = dev
        self._device = device

    def probabilities(self, texts: Sequence[str]) -> Array:
        """Return the mean of the teachers' probabilities, of shape (texts, outputs).

        A text that is there several times is classified once.
        """
        distinct, rows = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
        parts = [self._calibrated(teacher, distinct.tolist()) for teacher in self._teachers]
        return np.asarray(np.mean(parts, axis=0))[rows]

    def _calibrated(self, teacher: Path, texts: Sequence[str]) -> Array:
        if (teacher / "model.onnx").is_file():
            return classify(load_classifier(teacher), texts)
        # Both sets in one pass: loading a teacher takes longer than classifying the dev split.
        labels = self._dev.labels.shape[1]
        logits = run_logits(teacher, [*self._dev.texts, *texts], self._device)
        dev_logits, text_logits = logits[: len(self._dev)], logits[len(self._dev) :]
        text_logits[:, :labels] /= fit_temperature(dev_logits[:, :labels], self._dev.labels)
        return sigmoid(text_logits)


def distill(
    examples: LabelledTexts, teachers: Ensemble, gold_share: float, keep_emoji_labels: bool = False
) -> LabelledTexts:
    """Replace the labels by `gold_share` of them plus (1 - `gold_share`) of the teachers'."""
    soft = teachers.probabilities(examples.texts)[:, : examples.labels.shape[1]]
    gold_shares = np.full((len(examples), 1), gold_share)
    if keep_emoji_labels:
        gold_shares[[spell_emoji(text)[0] != text for text in examples.texts]] = 1.0
    mixed = gold_shares * examples.labels + (1.0 - gold_shares) * soft
    labels = np.where(np.isnan(examples.labels), soft, mixed)
    return replace(examples, labels=labels.astype(np.float32))


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.distill",
        "Label training examples with the mean probabilities of several trained runs.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--teachers",
        type=Path,
        nargs="+",
        required=True,
        help="adapter/ folders of runs, or exported models",
    )
    parser.add_argument(
        "--examples", type=Path, nargs="+", required=True, help="files of training examples"
    )
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    parser.add_argument(
        "--gold-share", type=float, default=0.5, help="weight of the labels by people"
    )
    parser.add_argument(
        "--keep-emoji-labels",
        action="store_true",
        help="texts with emoji or emoticons keep the labels by people",
    )
    parser.add_argument("--device", default="auto", choices=DEVICES, help=DEVICE_HELP)
    args = parser.parse_args()
    dev = load_goemotions(args.data, "dev")
    examples = load_examples(args.examples, dev.label_names)
    teachers = Ensemble(args.teachers, dev, args.device)
    soft = distill(examples, teachers, args.gold_share, args.keep_emoji_labels)
    write_examples(soft, args.output)


if __name__ == "__main__":
    main()
