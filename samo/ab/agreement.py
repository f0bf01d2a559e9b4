"""How well predicted labels agree with those that a person said were right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal

Measure = Literal["f1", "first"]

MEASURES: Final[dict[Measure, str]] = {
    "f1": "F1 of the predicted labels",
    "first": "whether the first predicted label is right",
}


def agreement(predicted: Sequence[str], right: Collection[str], measure: Measure = "f1") -> float:
    """Agreement of one prediction, between 0 and 1.

    Args:
        predicted: labels, the most confident first.
        right: labels that the person named; at least one.
        measure: "f1": twice the number of common labels, divided by the number of both; "first":
            1 if the first predicted label is among the right ones, otherwise 0.

    """
    chosen = set(right)
    if measure == "first":
        return float(bool(predicted) and predicted[0] in chosen)
    return 2 * len(chosen.intersection(predicted)) / (len(chosen) + len(set(predicted)))
