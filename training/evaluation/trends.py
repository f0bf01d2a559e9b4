"""How reliably trends are found: journals with a known truth, by the code that serves.

    python -m training.evaluation.trends [--journals 200] [--with-truth 50] [--processes 2]

Every journal has 28 emotions. False alarms are the share of journals of noise in which any change
point or pattern is found in any emotion, at most 5 %. Then one emotion has a change or a pattern of
a known size, in standard deviations, and the others are noise. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from statistics import NormalDist, mean, median
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from rich.table import Table

from samo.insight.trend_results import DatedEntry
from samo.insight.trends import EMOTIONS, analyze
from samo.limits import MAX_TRENDS_ENTRIES

MAX_FALSE_ALARMS: Final = 0.05
START: Final = datetime(2024, 1, 1)
EPISODE_DAYS: Final = 30
SATURDAY: Final = (5 - START.weekday()) % 7
EVENING: Final = 20
NAMES: Final = sorted(EMOTIONS)
TRUE_EMOTION: Final = NAMES[0]
DECIMALS: Final = 4

Floats = npt.NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Journal:
    """A kind of journal: which days have entries, and what noise the emotions have.

    `phi` is the autocorrelation from day to day. Of `felt` None every emotion has a confidence on
    every day; otherwise emotions are felt on a share of days between 2 % and `felt`, and are 0 on
    the others, as in the answers of `/analyze/journal`.
    """

    name: str
    days: int
    phi: float = 0.0
    every: int = 1
    a_day: int = 1
    felt: float | None = None

    def hours(self, random: Random) -> Floats:
        """When entries are written, in hours from the start, ascending."""
        days = np.arange(self.days)
        if self.every > 1:
            days = np.sort(random.choice(self.days * self.every, self.days, replace=False))
        written = np.repeat(days, self.a_day) * 24.0
        return np.sort(written + random.uniform(7.0, 24.0, size=len(written)))


@dataclass(frozen=True)
class Truth:
    """What one emotion does besides noise; all zero in journals of noise.

    `step` and `episode` raise the level from `at`, a share of the journal, on; an episode ends
    after 30 days. `saturday` and `evening` raise Saturdays, and the hours from 20:00 on.
    """

    step: float = 0.0
    episode: float = 0.0
    saturday: float = 0.0
    evening: float = 0.0
    at: float = 0.4

    @property
    def name(self) -> str:
        """What is true and how large it is; "noise" if nothing is."""
        sizes = {name: size for name, size in asdict(self).items() if size and name != "at"}
        return ", ".join(f"{name} {size}" for name, size in sizes.items()) or "noise"

    def first_day(self, journal: Journal) -> int:
        """The day from the start at which the level changes."""
        return int(self.at * journal.days * journal.every)

    def shift(self, hours: Floats, journal: Journal) -> Floats:
        """What is added to the latent series."""
        day = hours // 24
        since = day - self.first_day(journal)
        shift: Floats = (
            self.step * (since >= 0)
            + self.episode * ((since >= 0) & (since < EPISODE_DAYS))
            + self.saturday * (day % 7 == SATURDAY)
            + self.evening * (hours % 24 >= EVENING)
        )
        return shift


def autoregression(random: Random, steps: int, phi: float) -> Floats:
    """Series of unit variance, shape (steps, emotions)."""
    series: Floats = random.standard_normal((steps, len(NAMES)))
    for step in range(1, steps):
        series[step] = phi * series[step - 1] + np.sqrt(1.0 - phi * phi) * series[step]
    return series


def entries(journal: Journal, truth: Truth, seed: int) -> list[DatedEntry]:
    """The entries of one journal."""
    random = np.random.default_rng([seed, journal.days])
    hours = journal.hours(random)
    steps = (hours // 24).astype(int) * journal.a_day + np.arange(len(hours)) % journal.a_day
    latent = autoregression(random, int(steps[-1]) + 1, journal.phi ** (1.0 / journal.a_day))[steps]
    latent[:, 0] += truth.shift(hours, journal)
    values = _confidences(latent, journal.felt, random)
    return [
        DatedEntry(
            day=when.date(),
            clock=when.time(),
            emotions={name: v for name, v in zip(NAMES, row, strict=True) if v > 0.0},
            moods=None,
        )
        for when, row in zip(
            (START + timedelta(hours=float(hour)) for hour in hours), values.tolist(), strict=True
        )
    ]


def _confidences(latent: Floats, felt: float | None, random: Random) -> Floats:
    normal = NormalDist()
    shares: Floats = np.asarray([[normal.cdf(value) for value in row] for row in latent.tolist()])
    if felt is None:
        return shares.round(DECIMALS)
    felt_shares = np.append(felt, random.uniform(0.02, felt, size=latent.shape[1] - 1))
    thresholds = 1.0 - felt_shares
    above = (shares - thresholds) / (1.0 - thresholds)
    confidences: Floats = np.where(above > 0.0, 0.3 + 0.6 * above, 0.0)
    return confidences.round(DECIMALS)


NOISE: Final = (
    Journal("30 days", 30),
    Journal("90 days", 90),
    Journal("365 days", 365),
    Journal("90 days, autocorrelation 0.3", 90, phi=0.3),
    Journal("90 days, autocorrelation 0.6", 90, phi=0.6),
    Journal("90 days, autocorrelation 0.8", 90, phi=0.8),
    Journal("365 days, autocorrelation 0.6", 365, phi=0.6),
    Journal("365 days, autocorrelation 0.8", 365, phi=0.8),
    Journal("60 days in 240, autocorrelation 0.9", 60, phi=0.9, every=4),
    Journal("60 days in 600, autocorrelation 0.9", 60, phi=0.9, every=10),
    Journal("three a day for 60 days, autocorrelation 0.6", 60, phi=0.6, a_day=3),
    Journal("90 days, rarely felt", 90, felt=0.4),
    Journal("90 days, rarely felt, autocorrelation 0.6", 90, phi=0.6, felt=0.4),
    Journal("365 days, rarely felt, autocorrelation 0.6", 365, phi=0.6, felt=0.4),
)
TRUTHS: Final = (
    *((Journal(f"{days} days", days), Truth(step=size)) for days in (45, 90, 365)
      for size in (0.5, 1.0, 1.5, 2.0)),
    *((Journal("365 days, autocorrelation 0.6", 365, phi=0.6), Truth(step=size))
      for size in (1.0, 2.0)),
    *((Journal("60 days in 240", 60, every=4), Truth(step=size)) for size in (1.0, 2.0)),
    *((Journal("90 days, felt on 40 %", 90, felt=0.4), Truth(step=size)) for size in (1.0, 2.0)),
    *((Journal("365 days", 365), Truth(episode=size)) for size in (1.0, 2.0)),
    *((Journal(f"{days} days", days), Truth(saturday=size)) for days in (90, 180, 365)
      for size in (0.5, 1.0, 1.5)),
    *((Journal(f"{days} days, two a day", days, a_day=2), Truth(evening=size)) for days in (90, 365)
      for size in (0.5, 1.0)),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What was found in one journal.

    `false_alarm` counts only emotions that are noise. `error` is the distance of the change point
    in days with entries, `covered` whether its interval holds the true day; None where none is.
    """

    false_alarm: bool
    found: bool
    error: int | None = None
    covered: bool | None = None


def outcome(seed: int, journal: Journal, truth: Truth) -> Outcome:
    """Analyze one journal."""
    trends = analyze(entries(journal, truth, seed)).emotions
    named = {point.name for point in trends.change_points}
    named |= {pattern.name for pattern in trends.patterns}
    false_alarm = bool(named if truth == Truth() else named - {TRUE_EMOTION})
    if truth.saturday or truth.evening:
        group = "Saturday" if truth.saturday else f"{EVENING}:00-24:00"
        found = any(p.name == TRUE_EMOTION and p.group == group for p in trends.patterns)
        return Outcome(false_alarm, found)
    points = [point for point in trends.change_points if point.name == TRUE_EMOTION]
    if truth == Truth() or not points:
        return Outcome(false_alarm, found=False)
    changed = START.date() + timedelta(days=truth.first_day(journal))
    true_index = next(i for i, day in enumerate(trends.dates) if day >= changed)
    errors = [abs(trends.dates.index(point.start) - true_index) for point in points]
    nearest = points[errors.index(min(errors))]
    covered = nearest.earliest <= trends.dates[true_index] <= nearest.latest
    return Outcome(false_alarm, found=True, error=min(errors), covered=covered)


def summary(journal: Journal, truth: Truth, outcomes: list[Outcome]) -> dict[str, Any]:
    """The row of the table of one kind of journal."""
    errors = [one.error for one in outcomes if one.error is not None]
    covered = [one.covered for one in outcomes if one.covered is not None]
    return {
        "journal": journal.name,
        "truth": truth.name,
        "false_alarms": round(mean(one.false_alarm for one in outcomes), 4),
        "found": None if truth == Truth() else round(mean(one.found for one in outcomes), 4),
        "median_error_days": median(errors) if errors else None,
        "covered": round(mean(covered), 4) if covered else None,
    }


def longest_seconds(rounds: int = 3) -> float:
    """Least seconds for the longest journal that the service accepts."""
    longest = entries(Journal("longest", MAX_TRENDS_ENTRIES), Truth(), seed=0)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        analyze(longest)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Run the command line; exits with 1 if there are too many false alarms."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.trends",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--journals", type=int, default=200, help="of each kind of noise")
    parser.add_argument("--with-truth", type=int, default=50, help="of each kind with a truth")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    kinds = [*((journal, Truth()) for journal in NOISE), *TRUTHS]
    console = Console(stderr=True)
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        for journal, truth in track(kinds, "kinds of journals", console=console):
            number = options.journals if truth == Truth() else options.with_truth
            analyzed = pool.map(
                partial(outcome, journal=journal, truth=truth), range(number), chunksize=2
            )
            rows.append(summary(journal, truth, list(analyzed)))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
    noise = [row["false_alarms"] for row in rows if row["truth"] == Truth().name]
    result = {
        "journals": options.journals,
        "with_truth": options.with_truth,
        "false_alarms_mean": round(mean(noise), 4),
        "false_alarms_worst": max(noise),
        "longest_seconds": round(longest_seconds(), 2),
        "rows": rows,
    }
    print(json.dumps(result))
    if max(noise) > MAX_FALSE_ALARMS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
