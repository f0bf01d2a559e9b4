"""Parts of the dashboard's queries."""

from __future__ import annotations

from typing import Final

JOB: Final = 'job=~"$job"'
RATE_WINDOW: Final = "$__rate_interval"
# Probes would hide errors: they are many and never fail.
SERVED: Final = f'{JOB},route!~"/healthz|/livez|/metrics|/readyz"'


def rate(metric: str, by: str = "", where: str = JOB) -> str:
    """The sum of the rates of a counter, by the labels `by`."""
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({metric}{{{where}}}[{RATE_WINDOW}]))"


def mean(histogram: str, by: str = "") -> str:
    """The mean of a histogram."""
    return f"{rate(f'{histogram}_sum', by)} / {rate(f'{histogram}_count', by)}"


def quantile(share: float, histogram: str, by: str = "", where: str = JOB) -> str:
    """A quantile of a histogram, such as 0.95."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', labels, where)})"


def resolve(expression: str, window: str) -> str:
    """The query as Grafana sends it: all jobs, and rates over `window`, such as "1m"."""
    return expression.replace("$job", ".+").replace(RATE_WINDOW, window)
