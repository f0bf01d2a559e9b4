"""Statistics and pass marks of the load tests."""

from __future__ import annotations

import json
from math import isnan, nan

import pytest

from loadtests import texts
from loadtests.figures import (
    LoadStep,
    PassMark,
    growth,
    knee,
    max_load_within,
    percentile,
    soak_pass_marks,
    text_pass_marks,
)
from loadtests.peers.ceiling import batches_by_length
from loadtests.peers.servers import CEILING, OURS
from loadtests.peers.table import Cell, Results, Start, figures, markdown
from loadtests.stage import AGGREGATED, read_figures, to_load_step


def cell(peer: str, number: int, concurrency: int, rate: float, p50: float = 10.0, errors: int = 0):
    return Cell(peer, number, concurrency, rate, p50, 2 * p50, 8.0, 0.1, errors)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 5), (0.51, 6), (0.95, 10), (1.0, 10)])
def test_percentile_is_the_nearest_rank(share, value):
    assert percentile([10, 1, 9, 2, 8, 3, 7, 4, 6, 5], share) == value


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 1.1), ([1.0], -0.1)])
def test_percentile_rejects_empty_values_and_invalid_shares(values, share):
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, share)


def test_the_knee_has_the_highest_ratio_of_throughput_to_latency():
    steps = [
        LoadStep(1, 50, 20, 30),
        LoadStep(4, 160, 25, 40),
        LoadStep(16, 200, 80, 120),
        LoadStep(64, 205, 320, 500),
    ]
    assert knee(steps).users == 4


def test_the_most_users_within_a_bound():
    steps = [
        LoadStep(1, 10, 50, 90),
        LoadStep(2, 20, 60, 100),
        LoadStep(4, 22, 90, 140),
        LoadStep(8, 22, nan, nan),
    ]
    assert max_load_within(steps, 100) == steps[1]
    assert max_load_within(steps, 50) is None


def test_the_knee_ignores_steps_without_responses():
    assert knee([LoadStep(1, 0.0, nan, nan, 1.0), LoadStep(2, 10, 100, 200)]).users == 2
    with pytest.raises(ValueError, match="No step"):
        knee([LoadStep(1, 0.0, nan, nan, 1.0)])


@pytest.mark.parametrize(
    ("requests", "failures", "seconds", "p95", "missed"),
    [
        (1000, 0, 60, 500, []),
        (999, 0, 60, 100, ["text requests per minute"]),
        (2000, 0, 60, 501, ["text p95, ms"]),
        (2000, 2, 60, 100, []),
        (2000, 3, 60, 100, ["text errors, %"]),
        (0, 0, 0, nan, ["text requests per minute", "text p95, ms", "text errors, %"]),
    ],
)
def test_text_pass_marks_at_their_bounds(requests, failures, seconds, p95, missed):
    marks = text_pass_marks(requests, failures, seconds, p95)
    assert [mark.name for mark in marks if not mark.passed] == missed


def test_a_pass_mark_that_was_not_measured_is_missed():
    assert not PassMark("x", nan, at_most=1).passed
    assert PassMark("x", 1, at_least=1, at_most=2).bound == "≥ 1 and ≤ 2"


def test_growth_ignores_the_first_samples_and_single_peaks():
    warming = [100.0, 200.0, 300.0, 400.0] + [500.0] * 16
    peak = [500.0] * 19 + [900.0]
    leak = [500.0 + 2 * minute for minute in range(40)]
    assert growth(warming) == 0
    assert growth(peak) == 0
    assert growth(leak) == pytest.approx(48)
    with pytest.raises(ValueError, match="10 samples"):
        growth([1.0] * 9)


def test_soak_pass_marks_detect_a_leak_of_each_kind():
    flat, leak = [50.0] * 40, [50.0 + minute for minute in range(40)]
    assert all(mark.passed for mark in soak_pass_marks(flat, flat, flat))
    for position in range(3):
        series = [flat, flat, flat]
        series[position] = leak
        passed = [mark.passed for mark in soak_pass_marks(*series)]
        assert passed == [number != position for number in range(3)]


def test_the_json_line_has_all_figures_and_ratios_within_rounds():
    cells = [
        # the machine was half as fast in the second round; the ratios are the same
        *(cell(OURS, n, 64, rate) for n, rate in enumerate((150, 75, 150))),
        *(cell("FastAPI", n, 64, rate) for n, rate in enumerate((100, 50, 100))),
        *(cell("LitServe", n, 64, rate) for n, rate in enumerate((60, 30, 60))),
        *(cell(CEILING, n, 64, rate) for n, rate in enumerate((200, 100, 200))),
        *(cell(OURS, n, 1, 50, p50) for n, p50 in enumerate((21.0, 41.0, 21.5))),
        *(cell(CEILING, n, 1, 50, p50) for n, p50 in enumerate((20.0, 40.0, 20.0))),
        *(cell(OURS, n, 256, 100, errors=n) for n in range(3)),
    ]
    starts = [Start(OURS, n, seconds, 400.0) for n, seconds in enumerate((2.0, 9.0, 2.2))]
    line = figures(Results(cells, starts), [0.97, 1.0, 0.99], 480.04)
    assert json.loads(json.dumps(line)) == {
        "throughput_vs_best_peer": 1.5,
        "throughput_vs_ceiling": 0.75,
        "p50_overhead_ms": 1.0,
        "errors_at_256": 3,
        "audio_vs_bare": 0.99,
        "ready_s": 2.2,
        "rss_mb": 480.0,
    }


def test_figures_that_were_not_measured_are_null():
    line = figures(Results([cell(OURS, 0, 1, 50)], []), [], nan)
    assert set(line.values()) == {None}
    assert "NaN" not in json.dumps(line)


def test_a_round_without_the_other_server_does_not_count():
    cells = [cell(OURS, 0, 64, 100), cell(OURS, 1, 64, 300), cell("FastAPI", 1, 64, 100)]
    assert figures(Results(cells, []), [], nan)["throughput_vs_best_peer"] == 3.0


def test_the_table_has_a_row_for_each_server():
    results = Results([cell(OURS, 0, 1, 50), cell("FastAPI", 0, 4, 20, errors=2)], [])
    rows = markdown(results).splitlines()
    assert rows[2].startswith("| SAMO | 50.0/s, p95 20 ms | - |")
    assert rows[3].startswith("| FastAPI | - | 20.0/s, p95 20 ms |")
    assert "| 2 |" in rows[3]


def test_locusts_figures_by_route_and_aggregated():
    entries = [
        {"name": "/predict", "num_requests": 4, "num_failures": 1, "start_time": 100.0,
         "last_request_timestamp": 102.0, "response_times": {"10": 3, "200": 1}},
        {"name": "/summarize/text", "num_requests": 1, "num_failures": 0, "start_time": 101.0,
         "last_request_timestamp": 105.0, "response_times": {"1000": 1}},
    ]  # fmt: skip
    counted = read_figures(entries, seconds=2)
    assert (counted["/predict"].p50_ms, counted["/predict"].p95_ms) == (10, 200)
    total = counted[AGGREGATED]
    assert (total.requests, total.failures, total.seconds, total.p95_ms) == (5, 1, 5.0, 1000)
    step = to_load_step(8, counted["/predict"])
    assert (step.requests_per_second, step.error_share) == (1.5, 0.25)


def test_a_stage_without_responses_has_no_throughput():
    entry = {"name": "/predict", "num_requests": 0, "num_failures": 0, "start_time": 100.0,
             "last_request_timestamp": None, "response_times": {}}  # fmt: skip
    step = to_load_step(8, read_figures([entry], seconds=2)["/predict"])
    assert step.requests_per_second == 0
    assert isnan(step.p50_ms)


def test_built_in_texts_replace_a_missing_source(tmp_path):
    built_in = texts.sentences(100, tmp_path / "absent.tsv")
    assert len(built_in) == 100
    assert built_in == texts.sentences(100, tmp_path / "absent.tsv")
    assert all(text.isascii() and text.strip() for text in built_in)


def test_the_ceilings_batches_contain_each_text_once_per_window():
    lengths = ["a" * n for n in (5, 1, 4, 2, 3, 6, 8, 7)]
    stream = batches_by_length(lengths, in_flight=4, size=2)
    first, second = next(stream), next(stream)
    assert [len(text) for text in first + second] == [1, 2, 4, 5]


def test_a_single_recent_response_is_not_a_high_rate():
    entry = {"name": "/predict", "num_requests": 1, "num_failures": 0, "start_time": 100.0,
             "last_request_timestamp": 100.0001, "response_times": {"3000": 1}}  # fmt: skip
    assert to_load_step(1, read_figures([entry], seconds=4)["/predict"]).requests_per_second == 0.25
