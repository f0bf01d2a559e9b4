"""Simulate a day on Cloud Run; print latency, instances and cost, and plot them.

python -m deploy.scaling
python -m deploy.scaling --entries 1000000 --max-instances 200 --output /tmp
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from deploy.scaling.bill import bill, need
from deploy.scaling.simulation import CloudRun, Result, ServiceLimits
from deploy.scaling.traffic import HOUR, Arrival, day, measured_costs, rate

ROOT = Path(__file__).resolve().parents[2]


def compare(arrivals: Sequence[Arrival], base: ServiceLimits) -> tuple[Table, Result]:
    """Simulate `base` and its variants by one setting; return a table and the result of `base`."""
    variants = {
        f"as deployed: concurrency {base.concurrency}, at least {base.min_instances}": base,
        "at least 0": replace(base, min_instances=0),
        "at least 2": replace(base, min_instances=2),
        "concurrency 2": replace(base, concurrency=2),
        "concurrency 8": replace(base, concurrency=8),
        "concurrency 16": replace(base, concurrency=16),
        "one concurrent transcription": replace(base, max_concurrent_transcriptions=1),
        "cold start 20 s": replace(base, cold_start=20.0),
    }
    table = Table(title=f"{len(arrivals):,} entries in a day")
    for column in ("setting", "p50 s", "p95 s", "p99 s", "typed p95 s", "spoken p95 s",
                   "max instances", "starts", "refused", "$ per day"):  # fmt: skip
        table.add_column(column, justify="left" if column == "setting" else "right")
    results = {}
    for name, limits in track(variants.items(), "Simulating"):
        results[name] = result = CloudRun(limits).run(arrivals)
        dollars = bill(result.busy_seconds, result.idle_seconds, result.arrived)
        table.add_row(
            name,
            *(f"{result.percentile(share):.2f}" for share in (0.5, 0.95, 0.99)),
            f"{result.percentile(0.95, 'typed'):.2f}",
            f"{result.percentile(0.95, 'spoken'):.2f}",
            str(max(count for _, count in result.instances)),
            str(result.started),
            str(result.refused),
            f"{dollars:.2f}",
        )
    return table, results[next(iter(variants))]


def arithmetic(spoken_share: float) -> Table:
    """Compute instances and dollars per month from requests per second."""
    work = measured_costs()
    mean = {kind: sum(seconds) / len(seconds) for kind, seconds in work.items()}
    mixed = spoken_share * mean["spoken"] + (1 - spoken_share) * mean["typed"]
    table = Table(title="at a steady rate; two CPUs per instance, 60 % busy")
    for column in ("requests", "CPU s each", "1/s", "100/s", "10,000/s"):
        table.add_column(column, justify="left" if column == "requests" else "right")
    for name, seconds in (
        ("typed", mean["typed"]),
        ("spoken", mean["spoken"]),
        (f"{spoken_share:.0%} spoken", mixed),
    ):
        needs = [need(requests, seconds) for requests in (1, 100, 10_000)]
        cells = (f"{n.instances:,}: ${n.dollars_per_month:,.0f} per month" for n in needs)
        table.add_row(name, f"{seconds:.3f}", *cells)
    return table


def draw(arrivals: Sequence[Arrival], result: Result, entries: float, path: Path) -> None:
    """Plot arrivals, instances and p95 over the day."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "samo"  # the same picture for the same numbers
    from matplotlib import pyplot as plt

    figure, (top, middle, bottom) = plt.subplots(3, 1, sharex=True, figsize=(9, 7))
    step = 600.0
    slots = [n * step for n in range(int(24 * HOUR / step))]
    hours = [(at + step / 2) / HOUR for at in slots]
    counts = [0] * len(slots)
    for arrival in arrivals:
        counts[int(arrival.at // step)] += 1
    top.plot(hours, [count / step for count in counts], label="sampled", color="tab:blue")
    top.plot(hours, [rate(hour * HOUR, entries) for hour in hours], "k--", label="expected", lw=1)
    top.set_ylabel("entries per second")
    top.legend(loc="upper left")
    counts_by_hour = [(at / HOUR, count) for at, count in result.instances if at <= 24 * HOUR]
    middle.step(*zip(*counts_by_hour, strict=True), where="post", color="tab:green")
    middle.set_ylabel("instances")
    for kind, colour in (("typed", "tab:blue"), ("spoken", "tab:orange")):
        slotted: list[list[float]] = [[] for _ in slots]
        for at, arrival_kind, seconds in result.latencies:
            if arrival_kind == kind:
                slotted[int(at // step)].append(seconds)
        p95 = [sorted(s)[int(0.95 * (len(s) - 1))] if s else float("nan") for s in slotted]
        bottom.plot(hours, p95, color=colour, label=kind)
    bottom.set_ylabel("p95 per ten minutes, s")
    bottom.set_ylim(bottom=0)
    bottom.set_xlim(0, 24)
    bottom.set_xlabel("hour of the day")
    bottom.legend(loc="upper center")
    figure.suptitle(f"{len(arrivals):,} entries in a day on Cloud Run, simulated")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--entries", type=int, default=100_000, help="entries per day (default: 100000)"
    )
    parser.add_argument(
        "--spoken", type=float, default=0.4, help="share of spoken entries (default: 0.4)"
    )
    parser.add_argument(
        "--concurrency", type=int, default=4, help="requests per instance (default: 4)"
    )
    parser.add_argument(
        "--min-instances",
        "--least",
        type=int,
        default=1,
        help="minimum number of instances (default: 1)",
    )
    parser.add_argument(
        "--max-instances",
        "--most",
        type=int,
        default=20,
        help="maximum number of instances (default: 20)",
    )
    parser.add_argument(
        "--cold-start", type=float, default=4.0, help="seconds from a start to /readyz (default: 4)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "pictures")
    args = parser.parse_args()
    arrivals = list(day(args.entries, args.spoken, measured_costs(), args.seed))
    base = ServiceLimits(
        args.concurrency,
        args.min_instances,
        args.max_instances,
        cold_start=args.cold_start,
    )
    table, result = compare(arrivals, base)
    console = Console(width=140)
    console.print(table)
    console.print(arithmetic(args.spoken))
    args.output.mkdir(parents=True, exist_ok=True)
    draw(arrivals, result, args.entries, args.output / "autoscaler.svg")


if __name__ == "__main__":
    main()
