"""Plots of a training run and of an evaluation: SVG files for docs/, and figures of a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve

from training.arrays import Array
from training.emotion.calibrate import THRESHOLD_GRID, f1_by_threshold
from training.emotion.data import LabelledTexts
from training.emotion.history import Measurement
from training.emotion.metrics import confusions, expected_calibration_error, reliability

# Number of labels in the plot of the rarest labels.
RARE_LABELS: Final = 6
MAIN_COLOR: Final = "#3b5b92"
SECOND_COLOR: Final = "#c2703d"

# Without random ids and a date, the same metrics result in the same bytes.
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "samo",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw_all(
    folder: Path, split: LabelledTexts, decided: Array, probabilities: Array, uncalibrated: Array
) -> None:
    """Write the four plots of a split to `folder`; arrays have shape (texts, labels)."""
    folder.mkdir(parents=True, exist_ok=True)
    label_names, labels = split.label_names, split.labels
    with mpl.rc_context(STYLE):
        save(f1_by_label(label_names, labels, decided), folder / "f1-by-label.svg")
        save(reliability_diagram(labels, probabilities, uncalibrated), folder / "reliability.svg")
        save(confusion_matrix(label_names, labels, decided), folder / "confusions.svg")
        save(rare_labels(label_names, labels, probabilities), folder / "rare-labels.svg")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG; the same figure results in the same bytes."""
    figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")


def learning_curve(history: Sequence[Measurement]) -> Figure:
    """Loss and macro-F1 on dev over the steps of a run."""
    steps = [one.step for one in history]
    figure = Figure(figsize=(7.2, 3.0), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    losses.plot(steps, [one.loss for one in history], color=SECOND_COLOR, label="train")
    losses.plot(steps, [one.dev_cross_entropy for one in history], color=MAIN_COLOR, label="dev")
    losses.set(xlabel="step", ylabel="loss of a text")
    losses.legend(frameon=False)
    scores.plot(steps, [one.dev_macro_f1 for one in history], color=MAIN_COLOR)
    scores.set(xlabel="step", ylabel="macro-F1 on dev", ylim=(0, None))
    return figure


def threshold_curves(
    label_names: Sequence[str],
    labels: Array,
    probabilities: Array,
    thresholds: Array,
    shown: Sequence[str],
) -> Figure:
    """F1 of some labels at each threshold, and the thresholds that were chosen.

    `labels` and `probabilities` have shape (texts, labels), `thresholds` (labels,); `shown` are
    names of labels.
    """
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    for name in shown:
        index = list(label_names).index(name)
        scores = f1_by_threshold(probabilities[:, [index]], labels[:, [index]])[:, 0]
        support = int((labels[:, index] > 0).sum())
        (line,) = axes.plot(THRESHOLD_GRID, scores, label=f"{name} ({support})")
        axes.axvline(thresholds[index], color=line.get_color(), linestyle=":", linewidth=1)
    axes.set(xlabel="threshold (dotted: chosen)", ylabel="F1 on dev", xlim=(0, 0.9), ylim=(0, 1))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def f1_by_label(label_names: Sequence[str], labels: Array, decided: Array) -> Figure:
    """F1 of each label as bars; `labels` and `decided` have shape (texts, labels)."""
    true_positives = ((labels > 0) & decided).sum(axis=0)
    support = (labels > 0).sum(axis=0)
    scores = 2 * true_positives / np.maximum(support + decided.sum(axis=0), 1)
    order = np.argsort(scores)
    figure = Figure(figsize=(6.4, 6.4))
    axes = figure.subplots()
    axes.barh(range(len(order)), scores[order], color=MAIN_COLOR)
    axes.set_yticks(range(len(order)), [f"{label_names[i]} ({support[i]})" for i in order])
    for position, score in enumerate(scores[order]):
        axes.text(score + 0.01, position, f"{score:.2f}", va="center", fontsize=8)
    axes.axvline(scores.mean(), color=SECOND_COLOR, linewidth=1)
    axes.text(
        scores.mean() + 0.005, 0, f"macro-F1 {scores.mean():.3f}", color=SECOND_COLOR, va="center"
    )
    axes.set(xlim=(0, 1.05), xlabel="F1 (in brackets: comments of the split with the label)")
    axes.margins(y=0.01)
    return figure


def reliability_diagram(labels: Array, probabilities: Array, uncalibrated: Array) -> Figure:
    """Share of labels that apply at each probability; arrays have shape (texts, labels)."""
    figure = Figure(figsize=(5.2, 4.4))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for name, values, color in (
        ("before temperature scaling", uncalibrated, SECOND_COLOR),
        ("after", probabilities, MAIN_COLOR),
    ):
        confidence, accuracy, _ = reliability(values, labels)
        error = expected_calibration_error(values, labels)
        axes.plot(
            confidence, accuracy, marker="o", markersize=4, color=color,
            label=f"{name}: ECE {error:.4f}",
        )  # fmt: skip
    axes.set(xlabel="probability", ylabel="share of labels that apply", xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False)
    return figure


def confusion_matrix(label_names: Sequence[str], labels: Array, decided: Array) -> Figure:
    """The labels that were predicted in place of a missed one (`training.emotion.metrics`)."""
    shares = confusions(labels, decided)
    figure = Figure(figsize=(7.2, 6.4))
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0)
    axes.set_xticks(range(len(label_names)), label_names, rotation=90)
    axes.set_yticks(range(len(label_names)), label_names)
    axes.set(xlabel="predicted, but wrong", ylabel="true, but missed")
    figure.colorbar(image, label="share of the texts with the true label", shrink=0.7)
    return figure


def rare_labels(label_names: Sequence[str], labels: Array, probabilities: Array) -> Figure:
    """Precision over recall of the `RARE_LABELS` rarest labels."""
    support = (labels > 0).sum(axis=0)
    figure = Figure(figsize=(5.6, 4.4))
    axes = figure.subplots()
    for label in np.argsort(support, kind="stable")[:RARE_LABELS]:
        precision, recall, _ = precision_recall_curve(labels[:, label], probabilities[:, label])
        average = average_precision_score(labels[:, label], probabilities[:, label])
        axes.step(
            recall, precision, where="post",
            label=f"{label_names[label]} ({support[label]}): AP {average:.2f}",
        )  # fmt: skip
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
