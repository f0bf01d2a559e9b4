"""The comparison of two variants: agreement, the confidence sequence, the report."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import integrate, stats

from samo.ab.agreement import agreement
from samo.ab.report import Inconsistent, Rated, compare
from samo.ab.statistics import MIN_CALLERS, Difference, Moments, Plan
from training.evaluation.ab import Population, caller_moments, run_experiment

PLAN = Plan()


@pytest.mark.parametrize(
    ("predicted", "right", "f1", "first"),
    [
        (["joy"], ["joy"], 1.0, 1.0),
        (["joy", "grief"], ["joy"], 2 / 3, 1.0),
        (["grief", "joy"], ["joy"], 2 / 3, 0.0),
        (["joy"], ["joy", "grief", "love"], 0.5, 1.0),
        (["anger"], ["joy"], 0.0, 0.0),
        ([], ["joy"], 0.0, 0.0),
        (["joy", "joy"], ["joy", "joy"], 1.0, 1.0),
    ],
)
def test_agreement(predicted, right, f1, first):
    assert agreement(predicted, right) == pytest.approx(f1)
    assert agreement(predicted, right, "first") == first


@pytest.mark.parametrize("variance", [1e-6, 6e-5, 1e-3, 3e-3])
def test_the_interval_is_where_the_mixture_of_likelihood_ratios_reaches_one_in_alpha(variance):
    """The half width in closed form, against the integral that defines it."""
    half_width = float(PLAN.half_width(np.asarray(variance)))
    error, spread = math.sqrt(variance), math.sqrt(PLAN.mixture)

    def weighted_likelihood(gain):
        likelihood = stats.norm.pdf(half_width, gain, error)
        return likelihood * stats.norm.pdf(gain, 0.0, spread)

    limits = half_width - 12 * error, half_width + 12 * error
    mixture, _ = integrate.quad(weighted_likelihood, *limits, epsabs=0.0)
    assert mixture / stats.norm.pdf(half_width, 0.0, error) == pytest.approx(1 / PLAN.alpha)


def test_the_interval_is_narrowest_for_the_planned_sample():
    planned = Plan(gain=0.05, alpha=0.1)

    def width(mixture):
        total = planned.variance + mixture
        scale = planned.variance * total / mixture
        return math.sqrt(scale * math.log(total / (planned.alpha**2 * planned.variance)))

    assert float(planned.half_width(np.asarray(planned.variance))) == pytest.approx(
        width(planned.mixture)
    )
    assert width(planned.mixture) < min(
        width(planned.mixture * factor) for factor in (0.5, 0.9, 1.1, 2.0)
    )


def test_the_stated_sample_has_the_stated_power():
    # the estimate exceeds the half width with the probability `power`
    error = math.sqrt(PLAN.variance)
    distance = (PLAN.gain - float(PLAN.half_width(np.asarray(PLAN.variance)))) / error
    assert stats.norm.cdf(distance) == pytest.approx(PLAN.power)
    assert PLAN.callers(0.1, 0.1, 0.5) == pytest.approx(0.4 / PLAN.variance)
    assert PLAN.callers(0.1, 0.1, 0.1) > PLAN.callers(0.1, 0.1, 0.5)
    assert PLAN.callers(0.1, 0.1, 0.0) == math.inf


def test_nothing_is_decided_with_few_callers():
    few = Moments.of([1.0] * (MIN_CALLERS - 1))
    many = Moments.of([0.0] * 1000)
    assert not Difference.between(many, few, PLAN).b_is_better
    assert Difference.between(many, Moments.of([1.0] * MIN_CALLERS), PLAN).b_is_better


def test_callers_without_variance_do_not_give_an_empty_interval():
    same = Moments.of([1.0] * MIN_CALLERS)
    almost = Moments.of([1.0] * (MIN_CALLERS - 1) + [0.9])
    assert not Difference.between(same, almost, PLAN).a_is_better


def test_the_simulation_adds_up_what_the_report_does():
    feedback = Population("", 300, gain=0.1).feedback(np.random.default_rng(1))
    a, b = caller_moments(feedback)
    rated = [
        Rated("b" if is_b else "a", "b" if is_b else "a", str(caller), score)
        for caller, is_b, score in zip(
            feedback.callers, feedback.is_b, feedback.scores, strict=True
        )
    ]
    report = compare(rated, PLAN, 0.5)
    difference = Difference.between(a, b, PLAN)
    assert report.difference == pytest.approx(difference.estimate[-1])
    assert report.half_width == pytest.approx(difference.half_width[-1])
    assert report.arms["b"].callers == b.callers[-1]


def test_winners_of_equal_models_are_rare_and_true_ones_are_found():
    """A small run of `make eval-ab`, with a larger gain."""
    generator, plan = np.random.default_rng(0), Plan(gain=0.1)
    callers = math.ceil(plan.callers(0.09, 0.09, 0.5))
    equal, better = (
        [run_experiment(Population("", callers, gain=gain), plan, generator) for _ in range(100)]
        for gain in (0.0, 0.1)
    )
    assert sum(outcome.winner is not None for outcome in equal) <= 10
    assert sum(outcome.naive_winner for outcome in equal) >= 30
    assert sum(outcome.winner == "B" for outcome in better) >= 70


def rated(variant, callers, score, items=3, seed=0):
    """Feedback of callers whose items agree with each other."""
    generator = random.Random(f"{seed}{variant}")
    return [
        Rated(variant, f"model-{variant}", f"{variant}-{caller}", float(is_right))
        for caller in range(callers)
        for is_right in [generator.random() < score] * items
    ]


class TestReport:
    def test_the_better_variant(self):
        report = compare(rated("a", 500, 0.5) + rated("b", 500, 0.9), PLAN, 0.5)
        assert report.verdict == "b"
        assert report.difference == pytest.approx(0.4, abs=0.05)
        assert report.arms["a"].items == 1500
        assert report.needed_callers is not None
        assert report.more_callers == max(0, report.needed_callers - 1000)
        assert compare(rated("a", 500, 0.9) + rated("b", 500, 0.5), PLAN, 0.5).verdict == "a"

    def test_a_caller_counts_once_however_much_feedback_they_give(self):
        talkative = [Rated("b", "model-b", "b-0", 0.0)] * 10_000
        once = [Rated("b", "model-b", "b-0", 0.0)]
        rest = rated("a", 100, 0.5) + rated("b", 100, 0.9)
        many, few = (compare(rest + extra, PLAN, 0.5) for extra in (talkative, once))
        assert many.difference == pytest.approx(few.difference, abs=0.011)
        assert many.half_width == pytest.approx(few.half_width, rel=0.05)

    def test_it_is_open_and_says_what_is_missing(self):
        report = compare(rated("a", 60, 0.6) + rated("b", 60, 0.6), PLAN, 0.5)
        assert report.verdict == "open"
        assert report.needed_callers is not None
        assert report.more_callers == report.needed_callers - 120 > 1000

    def test_no_difference_of_this_size(self):
        report = compare(rated("a", 5000, 0.6) + rated("b", 5000, 0.6), Plan(gain=0.2), 0.5)
        assert report.verdict == "same"

    @pytest.mark.parametrize("callers", [0, 1, MIN_CALLERS - 1])
    def test_too_little(self, callers):
        report = compare(rated("a", 500, 0.5) + rated("b", callers, 1.0), PLAN, 0.5)
        assert report.verdict == "too_little"
        assert report.half_width is None
        assert compare([], PLAN, 0.5).arms == {}

    def test_callers_who_had_both_variants_do_not_count(self):
        switched = [Rated(name, f"model-{name}", "both", 0.0) for name in ("a", "b")]
        rest = rated("a", 50, 0.5) + rated("b", 50, 0.5)
        report = compare(rest + switched, PLAN, 0.5)
        assert report.switched == 1
        assert report.arms == compare(rest, PLAN, 0.5).arms

    def test_a_variant_with_two_models_is_refused(self):
        changed = [Rated("a", "another", "new", 1.0)]
        with pytest.raises(Inconsistent, match=r"Variant a had several models \(another, model-a"):
            compare(rated("a", 50, 0.5) + rated("b", 50, 0.5) + changed, PLAN, 0.5)

    def test_an_imbalance_is_noticed(self):
        feedback = rated("a", 900, 0.5) + rated("b", 100, 0.5)
        balances = [compare(feedback, PLAN, share).balance for share in (0.5, 0.1)]
        assert balances == [pytest.approx(0.0, abs=1e-6), pytest.approx(1.0, abs=0.1)]
        assert compare(feedback, PLAN, 0.0).balance is None
