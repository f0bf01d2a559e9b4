"""Plots of an evaluation, as SVG files for docs/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve

from training.arrays import Array
from training.emotion.data import LabelledTexts
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
        save(_f1_by_label(label_names, labels, decided), folder / "f1-by-label.svg")
        save(_reliability(labels, probabilities, uncalibrated), folder / "reliability.svg")
        save(_confusions(label_names, labels, decided), folder / "confusions.svg")
        save(_rare_labels(label_names, labels, probabilities), folder / "rare-labels.svg")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG; the same figure results in the same bytes."""
    figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")


def _f1_by_label(label_names: Sequence[str], labels: Array, decided: Array) -> Figure:
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


def _reliability(labels: Array, probabilities: Array, uncalibrated: Array) -> Figure:
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


def _confusions(label_names: Sequence[str], labels: Array, decided: Array) -> Figure:
    shares = confusions(labels, decided)
    figure = Figure(figsize=(7.2, 6.4))
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0)
    axes.set_xticks(range(len(label_names)), label_names, rotation=90)
    axes.set_yticks(range(len(label_names)), label_names)
    axes.set(xlabel="predicted, but wrong", ylabel="true, but missed")
    figure.colorbar(image, label="share of the texts with the true label", shrink=0.7)
    return figure


def _rare_labels(label_names: Sequence[str], labels: Array, probabilities: Array) -> Figure:
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
