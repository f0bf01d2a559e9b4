"""Compare the variants of an experiment by the feedback on their answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist, mean
from typing import Final, Literal, NamedTuple

from samo.ab.assignment import VariantName
from samo.ab.statistics import MIN_CALLERS, Difference, Moments, Plan

Verdict = Literal["a", "b", "same", "open", "too_little"]
"""Which variant is better; "same": neither is, by as much as the plan's gain; "open": not known
yet; "too_little": a variant has feedback of too few callers."""

VARIANTS: Final[tuple[VariantName, ...]] = ("a", "b")
# An imbalance that is less probable than this is a fault of the experiment, not chance.
MIN_BALANCE: Final = 0.001


class Rated(NamedTuple):
    """Feedback on one answer of an experiment."""

    variant: VariantName
    model: str
    caller: str
    score: float


class Inconsistent(Exception):  # named for what it says about the data
    """The feedback cannot be compared; the message says what to do."""


@dataclass(frozen=True)
class Arm:
    """The feedback of a variant.

    Attributes:
        model: its tag.
        callers: who gave feedback.
        items: of feedback.
        score: mean over the callers of their mean score, between 0 and 1.
        variance: of the callers' mean scores.

    """

    model: str
    callers: int
    items: int
    score: float
    variance: float


@dataclass(frozen=True)
class Report:
    """What the feedback says.

    Attributes:
        arms: by variant; a variant without feedback is missing.
        verdict: which variant is better.
        difference: score of b minus that of a; None if a variant is missing.
        half_width: of its interval, which holds at every look; None while it is infinite.
        needed_callers: callers with feedback in the planned sample; None while it is unknown.
        more_callers: those of `needed_callers` that are missing.
        switched: callers who had both variants, because the share was changed; they do not count.
        balance: probability of an imbalance of the callers that is at least as large, if the share
            of b is the one that was set; None without callers.

    """

    arms: dict[VariantName, Arm]
    verdict: Verdict
    difference: float | None
    half_width: float | None
    needed_callers: int | None
    more_callers: int | None
    switched: int
    balance: float | None


def compare(rated: Iterable[Rated], plan: Plan, share: float) -> Report:
    """Compare the variants.

    Args:
        rated: the feedback of one experiment, in any order.
        plan: what the experiment is to find.
        share: of the callers who are assigned to b.

    Raises:
        Inconsistent: A variant had several models.
    """
    scores: dict[VariantName, dict[str, list[float]]] = {
        name: defaultdict(list) for name in VARIANTS
    }
    models: dict[VariantName, set[str]] = {name: set() for name in VARIANTS}
    for one in rated:
        scores[one.variant][one.caller].append(one.score)
        models[one.variant].add(one.model)
    switched = scores["a"].keys() & scores["b"].keys()
    moments, arms = {}, {}
    for name in VARIANTS:
        _check_model(name, models[name])
        own = {caller: all_ for caller, all_ in scores[name].items() if caller not in switched}
        moments[name] = Moments.of(mean(all_) for all_ in own.values())
        if own:
            arms[name] = _arm(models[name].pop(), own.values(), moments[name])
    balance = _balance(arms, share)
    if len(arms) < len(VARIANTS):
        return Report(arms, "too_little", None, None, None, None, len(switched), balance)
    difference = Difference.between(moments["a"], moments["b"], plan)
    estimate, half_width = float(difference.estimate), float(difference.half_width)
    a, b = arms["a"], arms["b"]
    is_known = min(a.callers, b.callers) >= MIN_CALLERS
    needed = _needed(a, b, plan) if is_known else None
    return Report(
        arms,
        _verdict(estimate, half_width, plan) if is_known else "too_little",
        estimate,
        half_width if is_known else None,
        needed,
        None if needed is None else max(0, needed - a.callers - b.callers),
        len(switched),
        balance,
    )


def _check_model(variant: VariantName, models: set[str]) -> None:
    if len(models) > 1:
        raise Inconsistent(
            f"Variant {variant} had several models ({', '.join(sorted(models))}): choose the time "
            "of one of them with --since and --until."
        )


def _arm(model: str, scores: Iterable[list[float]], moments: Moments) -> Arm:
    return Arm(
        model,
        int(moments.callers),
        sum(len(all_) for all_ in scores),
        float(moments.mean),
        float(moments.variance),
    )


def _verdict(estimate: float, half_width: float, plan: Plan) -> Verdict:
    if abs(estimate) > half_width:
        return "b" if estimate > 0 else "a"
    return "same" if abs(estimate) + half_width < plan.gain else "open"


def _needed(a: Arm, b: Arm, plan: Plan) -> int:
    """The planned sample, if callers go on giving feedback in these shares."""
    share = b.callers / (a.callers + b.callers)
    return round(plan.callers(a.variance, b.variance, share))


def _balance(arms: dict[VariantName, Arm], share: float) -> float | None:
    """The probability of an imbalance, by the normal approximation."""
    callers = {name: arms[name].callers if name in arms else 0 for name in VARIANTS}
    total = sum(callers.values())
    error = (total * share * (1.0 - share)) ** 0.5
    if not error:
        return None
    return 2.0 * NormalDist().cdf(-abs(callers["b"] - total * share) / error)
