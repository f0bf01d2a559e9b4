"""Run Prometheus beside a service until Ctrl-C, and say where to look."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx

from monitoring import panels, prometheus_server, promql
from monitoring.panel import Row
from monitoring.prometheus_server import PrometheusError

SCRAPE_SECONDS: Final = 5
# Prometheus' own page has no `$__rate_interval`; four scrapes are the least for a rate.
WINDOW: Final = "1m"
_READY_SECONDS: Final = 120.0


@contextlib.contextmanager
def service(url: str | None, port: int) -> Iterator[str]:
    """The running service at `url`; without one, start it on `port`, and stop it afterwards.

    Raises:
        PrometheusError: It does not become ready.
    """
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise PrometheusError("The address of a service is http://host:3000, without a path.")
        _wait_until_ready(url, None)
        yield url.rstrip("/")
        return
    process = subprocess.Popen([sys.executable, "-m", "samo", "serve", "--port", str(port)])  # noqa: S603
    try:
        url = f"http://localhost:{port}"
        _wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def run(folder: Path, url: str | None, port: int, prometheus_port: int, key: str | None) -> None:
    """Run Prometheus, and a service if `url` is None, until Ctrl-C."""
    with (
        service(url, port) as target,
        prometheus_server.running(
            target, folder, prometheus_port, SCRAPE_SECONDS, key
        ) as prometheus,
    ):
        print(_where_to_look(target, prometheus.url), flush=True)
        while True:
            time.sleep(3600)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise PrometheusError("The service did not start; the reason is above.")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise PrometheusError(f"No service is ready at {url}.")


def _where_to_look(target: str, prometheus: str) -> str:
    lines = [
        f"Service      {target}",
        f"Prometheus   {prometheus}",
        f"Alerts       {prometheus}/alerts",
        f"Targets      {prometheus}/targets",
        "",
        "The dashboard's rows, as graphs of Prometheus:",
    ]
    lines += [f"- {row.title}: {_graphs(prometheus, row)}" for row in panels.ROWS]
    lines += ["", "docs/operations.md explains metrics and alerts. Ctrl-C stops."]
    return "\n".join(lines)


def _graphs(prometheus: str, row: Row) -> str:
    """The address of a page with a graph for each query of a row."""
    expressions = [query.expression for panel in row.panels for query in panel.queries]
    parameters: dict[str, str] = {}
    for number, expression in enumerate(expressions):
        parameters[f"g{number}.expr"] = promql.resolve(expression, WINDOW)
        parameters[f"g{number}.tab"] = "0"
        parameters[f"g{number}.range_input"] = "15m"
    return f"{prometheus}/graph?{urlencode(parameters)}"
