"""The simulation's arithmetic against queueing theory, and the bill by hand."""

from __future__ import annotations

import random

import pytest

from deploy.scaling.bill import MONTH_SECONDS, bill, need, per_million
from deploy.scaling.simulation import IDLE_SECONDS, CloudRun, ServiceLimits
from deploy.scaling.traffic import DAY, Arrival, day, measured_costs, rate

ONE_CPU = ServiceLimits(concurrency=10_000, min_instances=1, max_instances=1, cpus=1)


def poisson(per_second: float, until: float, work: float, kind="typed", seed: int = 1):
    chance, at, arrivals = random.Random(seed), 0.0, []
    while (at := at + chance.expovariate(per_second)) < until:
        arrivals.append(Arrival(at, kind, work))
    return arrivals


@pytest.mark.parametrize(
    "limits",
    [
        ServiceLimits(),
        ServiceLimits(min_instances=0, max_instances=3),
        ServiceLimits(max_instances=1),
    ],
)
def test_no_request_is_lost_or_doubled(limits):
    arrivals = list(day(3_000, 0.5, {"typed": [0.4], "spoken": [3.0]}))
    result = CloudRun(limits).run(arrivals)
    assert result.arrived == len(arrivals)
    assert len(result.latencies) + result.refused == len(arrivals)
    assert len({at for at, _, _ in result.latencies}) == len(result.latencies)
    cost = {"typed": 0.4, "spoken": 3.0}
    assert all(seconds >= cost[kind] - 1e-9 for _, kind, seconds in result.latencies)
    assert max(count for _, count in result.instances) <= limits.max_instances


@pytest.mark.slow
def test_waits_on_one_cpu_follow_pollaczek_khinchine():
    load, work = 0.7, 0.1
    result = CloudRun(ONE_CPU).run(poisson(load / work, 40_000, work))
    mean = sum(seconds for _, _, seconds in result.latencies) / len(result.latencies)
    assert mean == pytest.approx(work + load * work / (2 * (1 - load)), rel=0.03)


@pytest.mark.slow
def test_littles_law():
    seconds, per_second = 20_000, 5.0
    limits = ServiceLimits(min_instances=4, max_instances=4, cold_start=0)
    result = CloudRun(limits).run(poisson(per_second, seconds, 0.4))
    # in flight on average, integrated by the instances; arrivals times mean latency
    mean = sum(latency for _, _, latency in result.latencies) / len(result.latencies)
    assert result.request_seconds / seconds == pytest.approx(per_second * mean, rel=0.03)


@pytest.mark.parametrize(
    ("recordings", "latencies"),
    [(1, {1.0: 3.0, 1.1: 5.9, 1.2: 1.0}), (2, {1.0: 3.0, 1.1: 3.0, 1.2: 3.8})],
    ids=["one", "two, which keep both CPUs busy"],
)
def test_spoken_entries_wait_for_each_other(recordings, latencies):
    arrivals = [Arrival(1.0, "spoken", 3.0), Arrival(1.1, "spoken", 3.0), Arrival(1.2, "typed", 1)]
    result = CloudRun(ServiceLimits(max_instances=1, max_concurrent_transcriptions=recordings)).run(
        arrivals
    )
    measured = {at: seconds for at, _, seconds in result.latencies}
    assert measured == pytest.approx(latencies)


def test_from_zero_instances_the_first_request_waits_and_idle_instances_stop():
    arrivals = [
        Arrival(10.0, "typed", 0.5),
        Arrival(100.0, "typed", 0.5),
        Arrival(3_000, "typed", 0.5),
    ]
    result = CloudRun(ServiceLimits(min_instances=0, cold_start=4.0)).run(arrivals)
    latencies = [seconds for _, _, seconds in sorted(result.latencies)]
    assert latencies == pytest.approx([4.5, 0.5, 4.5])
    assert result.started == 2
    assert result.busy_seconds == pytest.approx(1.5)
    running = [at for at, count in result.instances if count and at < 2_000]
    assert running[-1] - 100.5 == pytest.approx(IDLE_SECONDS, abs=10)


def test_it_scales_to_60_percent_cpu():
    result = CloudRun(ServiceLimits(max_instances=100)).run(poisson(15.0, 3_000, 0.4))
    late = [count for at, count in result.instances if 1_500 < at < 2_900]
    # 6 CPUs busy, 1.2 per instance; idle ones stay for a while
    assert min(late) >= 5
    assert max(late) <= 8


def test_a_request_is_refused_after_a_minute():
    arrivals = [Arrival(1.0 + n / 100, "spoken", 50.0) for n in range(3)]
    result = CloudRun(ServiceLimits(concurrency=1, max_instances=1)).run(arrivals)
    assert result.refused == 1
    assert len(result.latencies) == 2


def test_the_rates_of_a_day_sum_to_its_entries():
    whole = sum(rate(minute * 60.0, 1_000.0) * 60 for minute in range(24 * 60))
    assert whole == pytest.approx(1_000, rel=0.01)
    arrivals = list(day(20_000, 0.4, {"typed": [1.0], "spoken": [2.0]}))
    assert len(arrivals) == pytest.approx(20_000, rel=0.03)
    assert sum(a.kind == "spoken" for a in arrivals) == pytest.approx(8_000, rel=0.05)
    assert all(0 <= a.at < DAY for a in arrivals)
    evening = sum(20 <= a.at / 3600 < 23 for a in arrivals)
    assert evening > 4 * sum(2 <= a.at / 3600 < 5 for a in arrivals)


def test_the_cost():
    # 1,000 s with two CPUs and two GiB: 0.048 + 0.005; 1,000 idle seconds: 0.01; a million: 0.40
    assert bill(1_000, 0, 0) == pytest.approx(0.053)
    assert bill(0, 1_000, 0) == pytest.approx(0.01)
    assert bill(0, 0, 1e6) == pytest.approx(0.40)
    steady = need(100, 0.3)
    assert (steady.cpus, steady.instances) == (30, 25)
    assert steady.dollars_per_month == pytest.approx(
        25 * MONTH_SECONDS * 5.3e-5 + 100 * MONTH_SECONDS * 4e-7
    )
    assert need(0.01, 0.1).instances == 1
    # 12 ms on two CPUs that are busy 60 % of the time: 10,000 s
    assert per_million(0.012) == pytest.approx(0.53 + 0.40)


def test_measured_costs():
    for seconds in measured_costs().values():
        assert len(seconds) >= 10
        assert all(0.001 < each < 60 for each in seconds)
