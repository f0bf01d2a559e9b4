"""The reference that a window is compared with: the same counts, of known data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from runners.emotion.calibration import EmotionCalibration
from samo.drift.features import LANGUAGES, Columns
from samo.drift.pane import Bins, Pane

# Quantiles of the reference at which its bins end. The last two resolve values that are rare in it.
QUANTILES: Final = (*np.linspace(0.1, 0.9, 9), 0.95, 0.99)
# Significant digits of an edge.
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class StreamReference:
    """The reference of the texts, or of the recordings.

    Attributes:
        bins: of each feature that has bins.
        pane: the counts, and the moments of vectors.

    """

    bins: dict[str, Bins]
    pane: Pane

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features in the order of the file."""
        return (*self.bins, *self.pane.moments)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the traffic is compared with.

    Attributes:
        model: SHA-256 of the files of the emotion model whose predictions were counted, by name.
        source: what was counted, for people.
        streams: by "texts" and "recordings"; one of them may be missing.

    """

    model: dict[str, str]
    source: str
    streams: dict[str, StreamReference]


def make_stream(
    columns: Columns, count: int, categories: Mapping[str, tuple[str, ...]]
) -> StreamReference:
    """The reference of `columns` of `count` observations; bins end at their quantiles.

    Args:
        columns: the observations.
        count: their number.
        categories: names of the categories, by feature.

    """
    bins = {
        **{name: Bins(edges=_edges(values)) for name, values in columns.numbers.items()},
        **{name: Bins(categories=categories[name]) for name in columns.categories},
    }
    return StreamReference(bins, Pane.of(columns, count, bins))


def stream_categories(calibration: EmotionCalibration) -> dict[str, tuple[str, ...]]:
    """Names of the categories of the features that have categories."""
    return {"labels": calibration.labels, "audio_language": LANGUAGES}


def _edges(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Quantiles of the values, rounded up; fewer if many values are equal.

    A value that is frequent has a bin of its own. Larger values than all of the reference are in
    the last bin, which may be empty in the reference.
    """
    quantiles = np.quantile(values, QUANTILES, method="inverted_cdf")
    return tuple(sorted({_round_up(float(quantile)) for quantile in quantiles}))


def _round_up(value: float) -> float:
    """`value`, rounded up to `_DIGITS` significant digits, so that it stays below the edge."""
    if value == 0.0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - _DIGITS)
    return float(f"{math.ceil(value / unit) * unit:.{_DIGITS}g}")
