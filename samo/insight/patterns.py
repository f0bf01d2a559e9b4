"""Weekday and hour patterns: groups of entries whose level differs from that of all others.

Each group is compared with the rest, after changes of the level and what the previous entry
explains are taken out. The test permutes within blocks of four weeks, all series at once, and takes
the largest difference of any group and series (Westfall and Young, 1993): a writer who turned from
mornings to evenings in a sad autumn has no pattern of the hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from samo.insight import noise
from samo.insight.segmentation import Floats

PERMUTATIONS: Final = 999
BLOCK_DAYS: Final = 28
# Fewer entries in a group, or outside of it, show nothing.
MIN_GROUP: Final = 4
# Entries (for weekdays: days) for any pattern, and those above 0 for a pattern of one series.
MIN_ENTRIES: Final = 28
MIN_FELT: Final = 7

Labels = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What is compared: the name of every label, and groups of labels, each with its name."""

    labels: tuple[str, ...]
    groups: tuple[tuple[str, frozenset[int]], ...]

    def members(self) -> npt.NDArray[np.bool_]:
        """Whether each label is in each group; shape (groups, labels)."""
        return np.asarray(
            [[label in group for label in range(len(self.labels))] for _, group in self.groups]
        )


def _one_by_one(labels: tuple[str, ...]) -> tuple[tuple[str, frozenset[int]], ...]:
    return tuple((name, frozenset({label})) for label, name in enumerate(labels))


_DAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
WEEKDAYS: Final = Grouping(_DAYS, (*_one_by_one(_DAYS), ("weekend", frozenset({5, 6}))))
HOURS_PER_SPAN: Final = 4
_SPANS: Final = tuple(
    f"{start:02}:00-{start + HOURS_PER_SPAN:02}:00" for start in range(0, 24, HOURS_PER_SPAN)
)
HOURS: Final = Grouping(_SPANS, _one_by_one(_SPANS))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A group in which a series has another level than in all other entries.

    `difference` is the group's mean less that of the others, after changes of the level are taken
    out; `spread` is the standard deviation of the entries around their levels.
    """

    series: int
    group: str
    difference: float
    count: int
    spread: float
    p_value: float


def enough(labels: Labels, grouping: Grouping) -> bool:
    """Whether at least two labels have entries enough to be compared."""
    sizes = np.bincount(labels, minlength=len(grouping.labels))
    return len(labels) >= MIN_ENTRIES and int(np.count_nonzero(sizes >= MIN_GROUP)) >= 2


def find(
    values: Floats,
    levels: Floats,
    labels: Labels,
    days: Integers,
    grouping: Grouping,
    level: float,
) -> list[Pattern]:
    """Find the groups that differ, ordered by series, the clearest first.

    `values` and `levels`, the means of the levels they are on, have shape (entries, series).
    `labels` and `days`, ordinals in ascending order, have shape (entries,). Of journals without a
    pattern, at most a share `level` gets one in any series.
    """
    columns = np.flatnonzero(np.count_nonzero(values, axis=0) >= MIN_FELT)
    if not enough(labels, grouping) or not columns.size:
        return []
    residuals = (values - levels)[:, columns]
    spread = np.sqrt(np.maximum(residuals.var(axis=0), noise.MIN_VARIANCE))
    # The first entry has no previous one, so it is not compared.
    rest = noise.innovations(residuals, noise.autocorrelation(residuals))
    labels, blocks = labels[1:], days[1:] // BLOCK_DAYS
    starts = np.flatnonzero(np.diff(blocks, prepend=-1))
    sizes = np.diff(starts, append=len(blocks))
    means = np.add.reduceat(rest, starts, axis=0) / sizes[:, None]
    rest = rest - np.repeat(means, sizes, axis=0)
    rest /= np.sqrt(np.maximum(rest.var(axis=0), noise.MIN_VARIANCE))

    members = grouping.members()
    groups = _comparable(members, labels)
    null = _calibrate(rest, labels, starts, members[groups])
    found: list[Pattern] = []
    for index, series in enumerate(columns.tolist()):
        p_value = partial(null.p_value, index)
        for group, p in _clearest(rest[:, index], labels, members, groups, p_value, level):
            inside = members[group][labels]
            outside = residuals[1:, index][~inside].mean()
            found.append(
                Pattern(
                    series=series,
                    group=grouping.groups[group][0],
                    difference=float(residuals[1:, index][inside].mean() - outside),
                    count=int(inside.sum()),
                    spread=float(spread[index]),
                    p_value=p,
                )
            )
    return found


def _comparable(members: npt.NDArray[np.bool_], labels: Labels) -> list[int]:
    """Groups with enough entries inside and outside; of groups of the same entries the first."""
    chosen: dict[bytes, int] = {}
    for group in _large(list(range(len(members))), members, labels):
        chosen.setdefault(members[group][labels].tobytes(), group)
    return list(chosen.values())


def _calibrate(
    rest: Floats, labels: Labels, starts: Integers, members: npt.NDArray[np.bool_]
) -> noise.Null:
    """Measure the squared standardised differences in permutations within the blocks."""
    random = np.random.default_rng(noise.SEED)
    permuted = np.tile(labels, (PERMUTATIONS, 1))
    for start, end in pairwise([*starts, len(labels)]):
        if end - start > 1:
            random.permuted(permuted[:, start:end], axis=1, out=permuted[:, start:end])
    values = rest.astype(np.float32)
    sums = np.stack(
        [(permuted == label).astype(np.float32) @ values for label in range(members.shape[1])]
    )
    scales = _scales(members[:, labels].sum(axis=1), len(labels))
    largest = np.zeros((PERMUTATIONS, rest.shape[1]))
    for group, scale in zip(members, scales, strict=True):
        np.maximum(largest, (scale * sums[group].sum(axis=0)) ** 2, out=largest)
    return noise.Null.of(largest)


def _scales(sizes: npt.NDArray[np.int64], count: int) -> Floats:
    """From the sum of a group of standardised values to its standardised difference."""
    scales: Floats = np.sqrt(1.0 / sizes + 1.0 / (count - sizes))
    return scales


def _clearest(
    values: Floats,
    labels: Labels,
    members: npt.NDArray[np.bool_],
    groups: list[int],
    p_value: Callable[[float], float],
    level: float,
) -> list[tuple[int, float]]:
    """The groups of one series that differ, each with the p-value of its squared difference.

    After each group, its entries are left out: one high Saturday makes every other day lower than
    the rest, which says nothing more.
    """
    found: list[tuple[int, float]] = []
    while groups := _large(groups, members, labels):
        inside = members[groups][:, labels]
        sums = inside @ (values - values.mean())
        squared = (sums * _scales(inside.sum(axis=1), len(labels))) ** 2
        clearest = int(squared.argmax())
        p = p_value(float(squared[clearest]))
        if p > level:
            break
        found.append((groups[clearest], p))
        keep = ~inside[clearest]
        values, labels = values[keep], labels[keep]
    return found


def _large(groups: list[int], members: npt.NDArray[np.bool_], labels: Labels) -> list[int]:
    """The groups that have enough entries inside and outside."""
    sizes = members[groups][:, labels].sum(axis=1)
    return [
        group
        for group, size in zip(groups, sizes, strict=True)
        if MIN_GROUP <= size <= len(labels) - MIN_GROUP
    ]
