"""Run Debian's Prometheus beside a service, and query it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import yaml

CONFIGURATION: Final = Path(__file__).parent / "prometheus" / "prometheus.yml"
_START_SECONDS: Final = 30.0


class PrometheusError(Exception):
    """Prometheus is missing or does not start; the message says what to do."""


class Prometheus:
    """A client of Prometheus' HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=30)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of a query now, each with `metric` and `value`."""
        return self._result("/api/v1/query", query=expression)

    def query_range(
        self, expression: str, start: float, end: float, step: float
    ) -> list[dict[str, Any]]:
        """The series of a query over a time, each with `metric` and `values`."""
        return self._result(
            "/api/v1/query_range", query=expression, start=start, end=end, step=step
        )

    def rules(self) -> list[dict[str, Any]]:
        """All rules, with their `health` and `lastError`."""
        data = self._get("/api/v1/rules")
        return [rule for group in data["groups"] for rule in group["rules"]]

    def targets(self) -> list[dict[str, Any]]:
        """What is scraped, with `health` and `lastError`."""
        targets: list[dict[str, Any]] = self._get("/api/v1/targets")["activeTargets"]
        return targets

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            return self._client.get("/-/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _result(self, path: str, **parameters: object) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = self._get(path, **parameters)["result"]
        return result

    def _get(self, path: str, **parameters: Any) -> Any:
        body = self._client.get(path, params=parameters).json()
        if body["status"] != "success":
            raise PrometheusError(f"{body['error']}: {parameters}")
        return body["data"]


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    target: str,
    folder: Path,
    port: int,
    scrape_seconds: int,
    key: str | None = None,
    others: Sequence[str] = (),
) -> Iterator[Prometheus]:
    """Run Prometheus with the project's rules during the `with` block.

    Args:
        target: The URL of a service.
        folder: For its data and configuration.
        port: It listens there, on this machine only.
        scrape_seconds: Seconds between two scrapes, and between two evaluations of the rules.
        key: An API key with the scope monitoring, if the service needs one.
        others: URLs of further instances of the service.

    Raises:
        PrometheusError: It is missing or does not start.
    """
    binary = shutil.which("prometheus")
    if binary is None:
        raise PrometheusError(
            "Prometheus is not installed: on Debian, `scripts/debian-packages prometheus` does "
            "that."
        )
    _check_port(port)
    configuration = folder / "prometheus.yml"
    configuration.write_text(_configuration([target, *others], scrape_seconds, key))
    configuration.chmod(0o600)
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # the arguments are ours
            [
                binary,
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--web.console.templates={folder}",  # serves *.html of it at /consoles/
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    prometheus = Prometheus(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not prometheus.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise PrometheusError(f"Prometheus did not start: {log.read_text()}")
            time.sleep(0.1)
        yield prometheus
    finally:
        prometheus.close()
        process.terminate()
        process.wait()


def _check_port(port: int) -> None:
    """Refuse a port that is taken: another Prometheus there would answer in place of ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PrometheusError(
                f"Prometheus cannot listen on port {port}: {error.strerror}. Choose another, such "
                "as `make monitor PROMETHEUS_PORT=9092`."
            ) from None


def _configuration(urls: Sequence[str], scrape_seconds: int, key: str | None) -> str:
    """The committed configuration, for these instances."""
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    interval = f"{scrape_seconds}s"
    configuration["global"] = {"scrape_interval": interval, "evaluation_interval": interval}
    configuration["rule_files"] = [
        str(CONFIGURATION.parent / name) for name in configuration["rule_files"]
    ]
    parts = [urlsplit(url) for url in urls]
    (scrape,) = configuration["scrape_configs"]
    scrape["scheme"] = parts[0].scheme
    scrape["static_configs"] = [{"targets": [part.netloc for part in parts]}]
    if key is not None:
        scrape["authorization"] = {"credentials": key}
    return yaml.safe_dump(configuration)
