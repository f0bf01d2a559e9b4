"""Trends of journals with a known truth."""

from __future__ import annotations

import random
from datetime import date, time, timedelta

import numpy as np
import pytest

from samo.insight import changes, course, noise, patterns, trends
from samo.insight.trend_results import DatedEntry
from samo.insight.trend_text import describe
from samo.insight.trends import EMOTIONS, analyze

FIRST = date(2026, 1, 5)  # a Monday
NAMES = sorted(EMOTIONS)


def noise_of(days, seed=0, names=8):
    return np.random.default_rng(seed).uniform(0.1, 0.6, size=(days, names))


def journal(values, days=None, clocks=None, moods=None):
    """A row of `values` for each day from FIRST on, or for each of `days`."""
    days = range(len(values)) if days is None else days
    return [
        DatedEntry(
            day=FIRST + timedelta(days=int(day)),
            clock=clocks[i] if clocks else None,
            emotions=dict(zip(NAMES, row, strict=False)),
            moods=moods[i] if moods else None,
        )
        for i, (day, row) in enumerate(zip(days, values.tolist(), strict=True))
    ]


def test_a_step_is_found_on_its_day():
    values = noise_of(90)
    values[40:, 2] += 0.35
    found = analyze(journal(values))
    (change,) = found.emotions.change_points
    assert change.name == NAMES[2]
    assert change.start == FIRST + timedelta(days=40)
    assert change.previous == FIRST + timedelta(days=39)
    assert change.earliest <= change.start <= change.latest
    assert change.before == pytest.approx(values[:40, 2].mean())
    assert change.after == pytest.approx(values[40:, 2].mean())
    assert (change.days_before, change.days_after) == (40, 50)
    levels = np.where(np.arange(90) < 40, change.before, change.after)
    spread = (values[:, 2] - levels).std()
    assert change.effect_size == pytest.approx((change.after - change.before) / spread)
    assert change.p_value <= trends.SIGNIFICANCE
    assert found.emotions.patterns == []


def test_an_episode_is_two_changes():
    values = noise_of(120)
    values[50:75, 0] += 0.4
    starts = [change.start for change in analyze(journal(values)).emotions.change_points]
    assert starts == [FIRST + timedelta(days=50), FIRST + timedelta(days=75)]


def test_an_emotion_that_begins_without_any_noise():
    values = np.zeros((60, 2))
    values[:, 0] = 0.5
    values[30:, 1] = 0.8
    (change,) = analyze(journal(values)).emotions.change_points
    assert (change.before, change.effect_size) == (0.0, None)
    assert change.after == pytest.approx(0.8)
    assert change.earliest == change.start == change.latest == FIRST + timedelta(days=30)


def test_noise_gets_no_finding():
    for seed in range(4):
        emotions = analyze(journal(noise_of(60, seed, names=28))).emotions
        assert emotions.change_points == []
        assert emotions.patterns == []


def autoregression(seed, days, phi):
    values = np.random.default_rng(seed).normal(size=(days, 28))
    for day in range(1, days):
        values[day] += phi * values[day - 1]
    return np.clip(0.5 + 0.15 * values * np.sqrt(1 - phi * phi), 0.0, 1.0)


def with_changes(journals, phi):
    return sum(
        bool(changes.find(autoregression(seed, 90, phi), level=0.025)) for seed in range(journals)
    )


def test_inertia_is_no_change(monkeypatch):
    assert with_changes(10, phi=0.7) <= 1
    # the same journals, taken for independent days
    monkeypatch.setattr(noise, "autocorrelation", lambda values: np.zeros(values.shape[1]))
    monkeypatch.setattr(noise, "_BIAS", 0.0)
    monkeypatch.setattr(noise, "_STANDARD_ERRORS", 0.0)
    assert with_changes(10, phi=0.7) >= 8


def test_a_weekday_and_the_weekend():
    values = noise_of(140)
    weekdays = np.arange(140) % 7
    values[weekdays == 1, 0] += 0.3
    values[weekdays >= 5, 1] -= 0.3
    values = np.clip(values, 0.0, 1.0)
    found = {(p.name, p.group): p for p in analyze(journal(values)).emotions.patterns}
    assert set(found) == {(NAMES[0], "Tuesday"), (NAMES[1], "weekend")}
    assert found[NAMES[0], "Tuesday"].difference == pytest.approx(0.3, abs=0.06)
    assert found[NAMES[0], "Tuesday"].count == 20
    assert found[NAMES[1], "weekend"].difference < -0.15


def test_hours_of_the_writers_clock():
    values = noise_of(120)
    clocks = [time((8, 13, 21)[i % 3], 30) for i in range(120)]
    values[2::3, 3] += 0.3
    found = analyze(journal(values, days=np.arange(120) // 3, clocks=clocks))
    (pattern,) = found.emotions.patterns
    assert (pattern.name, pattern.question, pattern.group) == (NAMES[3], "hours", "20:00-24:00")
    assert [(group.group, group.count) for group in found.emotions.hours] == [
        ("08:00-12:00", 40), ("12:00-16:00", 40), ("20:00-24:00", 40),
    ]  # fmt: skip


def test_another_hour_in_another_season_is_no_pattern_of_the_hour():
    values = noise_of(120, names=2)
    values[60:, 0] += 0.35
    clocks = [time(8) if day < 60 else time(21) for day in range(120)]
    found = analyze(journal(values, clocks=clocks)).emotions
    assert [change.name for change in found.change_points] == [NAMES[0]]
    assert found.patterns == []


def test_the_answer_does_not_depend_on_the_order_or_the_call():
    values = noise_of(80)
    values[30:, 1] += 0.3
    entries = journal(values, days=np.arange(80) // 2)
    shuffled = random.Random(0).sample(entries, len(entries))
    assert analyze(entries) == analyze(shuffled) == analyze(entries)


def test_irregular_days_several_entries_and_gaps():
    days = np.sort(np.r_[np.arange(0, 60, 2), np.arange(0, 60, 6), np.arange(100, 160, 2)])
    values = noise_of(len(days), names=3)
    values[days >= 100, 1] += 0.4
    found = analyze(journal(values, days=days))
    assert (found.entries, len(found.dates)) == (70, 60)
    (gap,) = found.gaps
    assert (date.fromordinal(gap.start), date.fromordinal(gap.end), gap.days) == (
        FIRST + timedelta(days=59), FIRST + timedelta(days=99), 41,
    )  # fmt: skip
    (change,) = found.emotions.change_points
    assert change.previous == FIRST + timedelta(days=58)
    assert change.start == FIRST + timedelta(days=100)


@pytest.mark.parametrize(
    ("days", "asked"),
    [(1, []), (20, []), (21, ["change_points"]), (28, ["change_points", "weekdays"])],
)
def test_too_little_data_is_not_tested(days, asked):
    values = np.zeros((days, 1))
    values[days // 2 :] = 0.9
    found = analyze(journal(values)).emotions
    assert found.asked == asked
    if not asked:
        assert found.change_points == []


def test_moods_may_be_known_for_some_entries_only():
    values = noise_of(80, names=2)
    moods = [None if day < 20 else {"calm": 0.2 if day < 50 else 0.8} for day in range(80)]
    found = analyze(journal(values, moods=moods))
    assert found.moods is not None
    (change,) = found.moods.change_points
    assert (change.kind, change.name, change.days_before) == ("mood", "calm", 30)
    assert len(found.moods.dates) == 60
    assert analyze(journal(values)).moods is None


def test_emotions_that_never_occur_are_left_out():
    found = analyze(journal(np.zeros((40, 3)))).emotions
    assert (found.course, found.change_points, found.patterns) == ({}, [], [])
    assert len(found.dates) == 40


def test_the_course_follows_the_level_and_keeps_the_change():
    values = noise_of(100, names=1)
    values[50:] += 0.4
    smoothed = analyze(journal(values)).emotions.course[NAMES[0]]
    assert len(smoothed) == 100
    assert np.std(smoothed[:50]) < np.std(values[:50]) / 2
    assert max(smoothed[:50]) < 0.5 < min(smoothed[50:])


def test_the_course_does_not_reach_across_a_gap():
    values = np.asarray([[0.0], [0.0], [1.0], [1.0]])
    days = np.asarray([0, 1, 30, 31])
    levels = np.zeros((4, 1), dtype=np.intp)
    assert course.smooth(values, days, levels).ravel().tolist() == [0.0, 0.0, 1.0, 1.0]
    near = course.smooth(values, np.arange(4), levels).ravel()
    assert 0.0 < near[0] < near[1] < 0.5 < near[2] < near[3] < 1.0


def test_long_journals_are_placed_to_the_day():
    values = noise_of(3_000, names=1)
    values[1_501:] += 0.4
    (change,) = analyze(journal(values)).emotions.change_points
    assert abs((change.start - FIRST).days - 1_501) <= 1


def test_a_tail_continues_the_surrogates():
    values = np.random.default_rng(0).exponential(2.0, size=2_000)
    largest = noise.Maxima(values)
    assert largest.p_value(2.0 * np.log(2.0)) == pytest.approx(0.5, abs=0.03)
    assert largest.p_value(2.0 * np.log(1e4)) == pytest.approx(1e-4, rel=1.0)
    assert largest.p_value(largest.quantile(0.01)) == pytest.approx(0.01)
    assert largest.p_value(1e9) == noise.MIN_P_VALUE


def test_the_text_says_what_was_found():
    values = noise_of(90)
    values[40:, NAMES.index("anger")] += 0.35
    found = analyze(journal(values))
    (change,) = found.emotions.change_points
    text = describe(found)
    assert text.startswith("90 entries on 90 days, from 5 January 2026 to 4 April 2026. ")
    assert f"Anger rose from {change.before:.2f} to {change.after:.2f} (" in text
    assert "on 14 February 2026" in text
    assert "No pattern of the weekday in emotions stands out from chance." in text
    assert "Too little data for hours" in text


def test_the_text_of_a_change_without_noise():
    values = np.zeros((60, 1))
    values[30:] = 0.8
    values[::7] += 0.02
    assert "from 0.00 to 0.80 (more than 5 standard deviations)" in describe(
        analyze(journal(values))
    )


def test_the_text_of_one_entry_claims_nothing():
    text = describe(analyze(journal(np.asarray([[0.9]]))))
    assert text.startswith("1 entry on 5 January 2026. Too little data for changes")
    assert "rose" not in text
    assert "stands out" not in text


def test_the_text_of_patterns():
    values = noise_of(140, names=1)
    values[np.arange(140) % 7 >= 5] += 0.3
    text = describe(analyze(journal(values)))
    assert "Admiration is higher at weekends than on other days, by 0." in text


def test_groups_of_the_same_entries_are_compared_once():
    labels = np.asarray([0, 5] * 20, dtype=np.int8)  # without Sundays the weekend is Saturday
    members = patterns.WEEKDAYS.members()
    names = [patterns.WEEKDAYS.groups[i][0] for i in patterns._comparable(members, labels)]
    assert names == ["Monday", "Saturday"]
