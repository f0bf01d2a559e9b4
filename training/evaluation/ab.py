"""How reliably an A/B experiment names the better model: simulated callers with a known truth.

    python -m training.evaluation.ab [--runs 1000] [--gain 0.03] [--seed 0]

Callers arrive over time and give feedback again and again; the items of a caller resemble each
other. After each item the experiment is compared by the code of `samo ab report`, and the first
winner counts. With two equal models a winner is false, which may happen in at most 5 % of the
experiments. With a true gain B must be found in at least 80 % of them, with the number of callers
that `samo ab report` says is needed. The command fails otherwise. For comparison it prints how
often a test for a fixed sample, of items instead of callers, names a false winner when it is looked
at as often. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from rich.table import Table

from samo.ab.assignment import assign
from samo.ab.statistics import MIN_CALLERS, Difference, Moments, Plan

MAX_FALSE_WINNERS: Final = 0.05
MIN_FOUND: Final = 0.8
SHARES: Final = (0.1, 0.5, 0.9)
ASSIGNED: Final = 100_000
# Callers from whom the variance of the scores is estimated, as from earlier feedback.
PILOT_CALLERS: Final = 20_000
# A score that is neither 0 nor 1: F1 of two labels of which one is right.
PARTIAL_SCORE: Final = 2 / 3
PARTIAL_SHARE: Final = 0.4

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Random = np.random.Generator


class Feedback(NamedTuple):
    """The feedback of an experiment in the order of time; arrays of shape (items,)."""

    callers: npt.NDArray[np.intp]
    is_b: Bools
    scores: Floats


@dataclass(frozen=True)
class Population:
    """The callers of an experiment.

    An item of a caller has the score 1 with a probability that differs between callers: it has a
    Beta distribution with the mean `skill` and the correlation `similarity` between the items of a
    caller. With B an item that is not perfect becomes so with the probability that makes the mean
    score `gain` larger.
    """

    name: str
    callers: int
    share: float = 0.5
    gain: float = 0.0
    items_per_caller: float = 3.0
    skill: float = 0.5
    similarity: float = 0.3

    def feedback(self, random: Random) -> Feedback:
        """The feedback of one experiment.

        An item is from a new caller, or from any of those who gave feedback before: the first ones
        give the most.
        """
        items = math.ceil(self.callers * self.items_per_caller)
        is_new = random.random(items) < 1.0 / self.items_per_caller
        is_new[0] = True
        arrived = np.cumsum(is_new)
        again = (random.random(items) * arrived).astype(np.intp)
        callers = np.where(is_new, arrived - 1, again)
        is_b = (random.random(arrived[-1]) < self.share)[callers]
        scale = 1.0 / self.similarity - 1.0
        skills = random.beta(self.skill * scale, (1.0 - self.skill) * scale, arrived[-1])[callers]
        partial = np.where(random.random(items) < PARTIAL_SHARE, PARTIAL_SCORE, 0.0)
        scores = np.where(random.random(items) < skills, 1.0, partial)
        room = (1.0 - self.skill) * (1.0 - PARTIAL_SHARE * PARTIAL_SCORE)
        improved = is_b & (random.random(items) < self.gain / room)
        return Feedback(callers, is_b, np.where(improved, 1.0, scores))


def caller_moments(feedback: Feedback) -> tuple[Moments, Moments]:
    """The moments of the callers' mean scores after each item, with A and with B."""
    order = np.argsort(feedback.callers, kind="stable")
    callers, scores = feedback.callers[order], feedback.scores[order]
    first = np.flatnonzero(np.diff(callers, prepend=-1))
    lengths = np.diff(np.append(first, len(callers)))
    sums = np.cumsum(scores)
    sums -= np.repeat(sums[first] - scores[first], lengths)
    counts = np.arange(len(callers)) - np.repeat(first, lengths)
    after = sums / (counts + 1)
    before = (sums - scores) / np.maximum(1, counts)
    changes = np.empty((3, len(callers)))
    changes[:, order] = counts == 0, after - before, after**2 - before**2
    return _moments(changes, ~feedback.is_b), _moments(changes, feedback.is_b)


def item_moments(feedback: Feedback) -> tuple[Moments, Moments]:
    """The moments of the items' scores after each item, as if they were independent."""
    scores = feedback.scores
    items = np.stack([np.ones_like(scores), scores, scores**2])
    return _moments(items, ~feedback.is_b), _moments(items, feedback.is_b)


def _moments(changes: Floats, chosen: Bools) -> Moments:
    return Moments(*np.cumsum(changes * chosen, axis=1))


class Outcome(NamedTuple):
    """How one experiment ended."""

    winner: str | None
    callers: float
    """With feedback, when the winner was named; otherwise at the end."""
    naive_winner: bool


def run_experiment(population: Population, plan: Plan, random: Random) -> Outcome:
    """Look at an experiment after each item of feedback."""
    feedback = population.feedback(random)
    a, b = caller_moments(feedback)
    difference = Difference.between(a, b, plan)
    decided = difference.a_is_better | difference.b_is_better
    at = int(np.argmax(decided)) if decided.any() else len(decided) - 1
    winner = ("B" if difference.b_is_better[at] else "A") if decided[at] else None
    return Outcome(winner, float(a.callers[at] + b.callers[at]), _naive_winner(feedback, plan))


def _naive_winner(feedback: Feedback, plan: Plan) -> bool:
    """Whether a z-test of the items is ever significant."""
    a, b = item_moments(feedback)
    variance = a.variance / np.maximum(1, a.callers) + b.variance / np.maximum(1, b.callers)
    enough = np.minimum(a.callers, b.callers) >= MIN_CALLERS
    quantile = NormalDist().inv_cdf(1.0 - plan.alpha / 2.0)
    return bool((enough & (np.abs(b.mean - a.mean) > quantile * np.sqrt(variance))).any())


def assigned_shares() -> dict[str, float]:
    """The share of callers with B for each share that is asked for."""
    return {
        str(share): sum(
            assign("simulation", f"key:{number}", share) == "b" for number in range(ASSIGNED)
        )
        / ASSIGNED
        for share in SHARES
    }


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000, help="experiments of each kind")
    parser.add_argument("--gain", type=float, default=0.03, help="true difference, default 0.03")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    start, random, plan = time.perf_counter(), np.random.default_rng(args.seed), Plan(args.gain)
    pilot, _ = caller_moments(Population("", PILOT_CALLERS, share=0.0).feedback(random))
    variance = float(pilot.variance[-1])
    callers = math.ceil(plan.callers(variance, variance, 0.5))
    populations = (
        Population("A against A", callers),
        Population("A against A, a tenth gets B", callers, share=0.1),
        Population("A against A, much feedback", callers // 4, 0.5, 0.0, 12.0, similarity=0.6),
        Population(f"B is better by {args.gain:g}", callers, gain=args.gain),
    )
    console = Console(stderr=True)
    outcomes = {
        one.name: [
            run_experiment(one, plan, random)
            for _ in track(range(args.runs), one.name.ljust(28), console=console)
        ]
        for one in populations
    }
    table = Table("experiments", "callers", "A wins", "B wins", "naive test: a winner")
    for one in populations:
        ended = outcomes[one.name]
        shares = [_share(outcome.winner == name for outcome in ended) for name in ("A", "B")]
        shares.append(_share(outcome.naive_winner for outcome in ended))
        table.add_row(one.name, str(one.callers), *(f"{share:.1%}" for share in shares))
    console.print(table)
    *equal, better = outcomes.values()
    false_winners = [_share(outcome.winner is not None for outcome in ended) for ended in equal]
    result = {
        "false_winners": false_winners[0],
        "false_winners_share_0.1": false_winners[1],
        "false_winners_much_feedback": false_winners[2],
        "false_winners_naive": _share(outcome.naive_winner for outcome in equal[0]),
        "true_gain_found": _share(outcome.winner == "B" for outcome in better),
        "wrong_winner": _share(outcome.winner == "A" for outcome in better),
        "gain": args.gain,
        "callers_stated": callers,
        "callers_median": float(np.median([outcome.callers for outcome in better])),
        "runs": args.runs,
        "shares": assigned_shares(),
        "seconds": round(time.perf_counter() - start, 1),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    is_good = max(false_winners) <= MAX_FALSE_WINNERS and result["true_gain_found"] >= MIN_FOUND
    return 0 if is_good else 1


def _share(values: object) -> float:
    return float(np.mean(list(values)))  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
