"""Measurements of a run, and the table and figures that summarize them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan

from loadtests.peers.servers import CEILING, OURS


@dataclass(frozen=True, slots=True)
class Cell:
    """One server at one concurrency in one round. `cpu_ms` is the server's CPU per response."""

    peer: str
    round: int
    concurrency: int
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    client_cpu_ms: float
    errors: int
    pss_mb: float = nan
    note: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a server: seconds until it was ready, memory (PSS, MB) after the load."""

    peer: str
    round: int
    ready_s: float
    pss_mb: float


def median_or_nan(values: Iterable[float]) -> float:
    """Return the median of the values that are not NaN; NaN if there is no such value."""
    numbers = [value for value in values if not isnan(value)]
    return statistics.median(numbers) if numbers else nan


class Results:
    """All cells of a run."""

    def __init__(self, cells: Sequence[Cell], starts: Sequence[Start]) -> None:
        self.cells = cells
        self.starts = starts

    @property
    def peers(self) -> list[str]:
        """Names in the order in which they were measured first."""
        return list(dict.fromkeys(cell.peer for cell in self.cells))

    @property
    def concurrencies(self) -> list[int]:
        """All concurrencies in ascending order."""
        return sorted({cell.concurrency for cell in self.cells})

    def cells_of(self, peer: str, concurrency: int) -> list[Cell]:
        """Return the cells of a peer at a concurrency, one per round."""
        return [c for c in self.cells if c.peer == peer and c.concurrency == concurrency]

    def median(self, peer: str, concurrency: int, figure: Callable[[Cell], float]) -> float:
        """Return the median of a figure over the rounds."""
        return median_or_nan(map(figure, self.cells_of(peer, concurrency)))

    def best_peer(self, concurrency: int) -> str | None:
        """Return the other server with the highest median throughput, or None."""
        others = [peer for peer in self.peers if peer not in (OURS, CEILING)]
        rates = {peer: self.median(peer, concurrency, _rate) for peer in others}
        rates = {peer: rate for peer, rate in rates.items() if not isnan(rate)}
        return max(rates, key=lambda peer: rates[peer], default=None)

    def paired_median(
        self,
        mine: str,
        other: str | None,
        concurrency: int,
        figure: Callable[[Cell], float],
        compare: Callable[[float, float], float],
    ) -> float:
        """Compare two peers within each round; return the median over the rounds."""
        theirs = {c.round: figure(c) for c in self.cells_of(other, concurrency)} if other else {}
        return median_or_nan(
            compare(figure(cell), theirs[cell.round])
            for cell in self.cells_of(mine, concurrency)
            if cell.round in theirs
        )


def _rate(cell: Cell) -> float:
    return cell.requests_per_second


def figures(
    results: Results, audio_ratios: Sequence[float], memory_mb: float
) -> dict[str, float | int | None]:
    """Return the figures of the last output line; None for those that were not measured.

    Ratios and differences are computed within each round; the figure is their median.
    """

    def ratio(mine: float, other: float) -> float:
        return mine / other if other else nan

    values = {
        "throughput_vs_best_peer": results.paired_median(
            OURS, results.best_peer(64), 64, _rate, ratio
        ),
        "throughput_vs_ceiling": results.paired_median(OURS, CEILING, 64, _rate, ratio),
        "p50_overhead_ms": results.paired_median(
            OURS, CEILING, 1, lambda cell: cell.p50_ms, lambda mine, raw: mine - raw
        ),
        "audio_vs_bare": median_or_nan(audio_ratios),
        "ready_s": median_or_nan(start.ready_s for start in results.starts if start.peer == OURS),
        "rss_mb": memory_mb,
    }
    at_256 = results.cells_of(OURS, 256)
    rounded: dict[str, float | int | None] = {
        name: None if isnan(value) else round(value, 1 if name == "rss_mb" else 3)
        for name, value in values.items()
    }
    rounded["errors_at_256"] = sum(cell.errors for cell in at_256) if at_256 else None
    order = (
        "throughput_vs_best_peer", "throughput_vs_ceiling", "p50_overhead_ms", "errors_at_256",
        "audio_vs_bare", "ready_s", "rss_mb",
    )  # fmt: skip
    return {name: rounded[name] for name in order}


def markdown(results: Results) -> str:
    """Return the table in Markdown, with medians over the rounds."""

    def row(values: Iterable[str]) -> str:
        return "| " + " | ".join(values) + " |"

    def number(value: float, digits: int = 1) -> str:
        return "-" if isnan(value) else f"{value:.{digits}f}"

    rates = [f"{concurrency} in flight" for concurrency in results.concurrencies]
    heads = ["server", *rates, "CPU ms per request at 64", "memory MB", "errors", "ready s"]
    lines = [row(heads), row(["---"] * len(heads))]
    for peer in results.peers:
        columns = [peer]
        for concurrency in results.concurrencies:
            rate = results.median(peer, concurrency, _rate)
            p95 = results.median(peer, concurrency, lambda cell: cell.p95_ms)
            columns.append("-" if isnan(rate) else f"{rate:.1f}/s, p95 {p95:.0f} ms")
        starts = [start for start in results.starts if start.peer == peer]
        columns += [
            number(results.median(peer, 64, lambda cell: cell.cpu_ms)),
            number(median_or_nan(start.pss_mb for start in starts), 0),
            str(sum(cell.errors for cell in results.cells if cell.peer == peer)),
            number(median_or_nan(start.ready_s for start in starts)),
        ]
        lines.append(row(columns))
    return "\n".join(lines)
