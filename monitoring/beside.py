"""Run Prometheus beside a service until Ctrl-C, and say where to look."""

from __future__ import annotations

import contextlib
import html
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
# A service that is started loads its models first; one that runs may be restarting.
_START_SECONDS: Final = 120.0
_ANSWER_SECONDS: Final = 60.0
_GRAPHS: Final = "graphs.html"


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
        url = url.rstrip("/")
        print(f"Waiting for {url}, up to {_ANSWER_SECONDS:.0f} s", flush=True)
        _wait_until_ready(url, None, _ANSWER_SECONDS)
        yield url
        return
    process = subprocess.Popen([sys.executable, "-m", "samo", "serve", "--port", str(port)])  # noqa: S603
    try:
        url = f"http://localhost:{port}"
        _wait_until_ready(url, process, _START_SECONDS)
        yield url
    finally:
        process.terminate()
        process.wait()


def read_key(file: Path) -> str:
    """The API key in a file.

    Raises:
        PrometheusError: The file cannot be read, or contains no key.
    """
    try:
        key = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise PrometheusError(f"The key file {file} cannot be read: {reason}.") from None
    if not key:
        raise PrometheusError(f"The key file {file} is empty: `samo keys new` makes a key.")
    return key


def run(folder: Path, url: str | None, port: int, prometheus_port: int, key: str | None) -> None:
    """Run Prometheus, and a service if `url` is None, until Ctrl-C."""
    with (
        service(url, port) as target,
        prometheus_server.running(
            target, folder, prometheus_port, SCRAPE_SECONDS, key
        ) as prometheus,
    ):
        write_graphs(folder)
        print(where_to_look(target, prometheus.url), flush=True)
        while True:
            time.sleep(3600)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes] | None, seconds: float) -> None:
    reason = "nothing listens there"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise PrometheusError("The service did not start; the reason is above.")
        try:
            status = httpx.get(f"{url}/readyz").status_code
            if status == httpx.codes.OK:
                return
            reason = f"/readyz answers with status {status}"
        except httpx.ConnectError:
            reason = "nothing listens there"
        except httpx.TransportError as error:
            reason = type(error).__name__
        time.sleep(0.2)
    raise PrometheusError(f"No service is ready at {url} after {seconds:.0f} s: {reason}.")


def where_to_look(target: str, prometheus: str) -> str:
    """What is printed when all runs."""
    lines = [
        f"Service      {target}",
        f"Prometheus   {prometheus}",
        f"Alerts       {prometheus}/alerts",
        f"Targets      {prometheus}/targets",
        f"Graphs       {prometheus}/consoles/{_GRAPHS}",
        *(f"             - {row.title}" for row in panels.ROWS),
        "",
        "docs/operations.md explains metrics and alerts. Ctrl-C stops.",
    ]
    return "\n".join(lines)


def write_graphs(folder: Path) -> None:
    """Write the page that links the graphs of the dashboard's rows, whose addresses are long."""
    links = "".join(
        f'<li><a href="{html.escape(_graphs(row))}">{html.escape(row.title)}</a>'
        for row in panels.ROWS
    )
    page = f'<!doctype html><html lang="en"><title>SAMO</title><h1>Graphs</h1><ul>{links}</ul>'
    (folder / _GRAPHS).write_text(page)


def _graphs(row: Row) -> str:
    """The address of a page with a graph for each query of a row."""
    expressions = [query.expression for panel in row.panels for query in panel.queries]
    parameters: dict[str, str] = {}
    for number, expression in enumerate(expressions):
        parameters[f"g{number}.expr"] = promql.resolve(expression, WINDOW)
        parameters[f"g{number}.tab"] = "0"
        parameters[f"g{number}.range_input"] = "15m"
    return f"/graph?{urlencode(parameters)}"
