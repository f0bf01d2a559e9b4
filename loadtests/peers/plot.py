"""Plot of a run: throughput and p95 against the requests in flight."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from loadtests.peers.servers import CEILING, OURS
from loadtests.peers.table import Results


def draw(results: Results, path: Path) -> None:
    """Write an SVG with two panels: medians over the rounds, SAMO with a thick line."""
    mpl.rcParams["svg.hashsalt"] = "samo"  # the same figures give the same file
    figure = Figure(figsize=(10, 4), layout="constrained")
    rate, wait = figure.subplots(1, 2)
    for peer in results.peers:
        style = {"linewidth": 3.0 if peer == OURS else 1.3, "marker": "o", "markersize": 4}
        points = [c for c in results.concurrencies if results.cells_of(peer, c)]
        rates = [results.median(peer, c, lambda cell: cell.requests_per_second) for c in points]
        if peer == CEILING:
            rate.axhline(max(rates), color="grey", linestyle="--", label=peer)
            continue
        rate.plot(points, rates, label=peer, **style)
        wait.plot(
            points, [results.median(peer, c, lambda cell: cell.p95_ms) for c in points], **style
        )
    for axes, label in ((rate, "requests per second"), (wait, "p95, ms")):
        axes.set_xscale("log", base=2)
        axes.set_xticks(results.concurrencies, [str(c) for c in results.concurrencies])
        axes.set_xlabel("requests in flight")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    rate.set_ylim(bottom=0)
    wait.set_yscale("log")
    rate.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
