"""Send generated requests to the service with fake models; stop at the first wrong response.

    python -m tests.fuzz.requests --seconds 60 --seed 7

Wrong are: a status or an error code that docs/api.md does not contain, 5xx other than 503 and 504,
an error without the envelope, a response that does not match its schema, an error or a log that
repeats text of the request, and two different responses to the same request. Hypothesis reduces the
failing case to a small one; its repr creates it again. Wrong is also a response that takes 30 s,
and memory that grows by 100 MB. The exit status is 1 if something was wrong.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import re
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rich.progress import Progress

from samo.http.envelope import error_format_of
from tests.fuzz.cases import MARKER, Case, cases

ROUND_CASES: Final = 100
ROUNDS_BEFORE_GROWTH: Final = 10
MAX_GROWTH_MB: Final = 100.0
MAX_RESPONSE_SECONDS: Final = 30.0
# Fields that differ between two responses to the same request.
VOLATILE: Final = frozenset(
    {"request_id", "inference_time", "processing_time_ms", "timings_ms", "uptime_seconds"}
)
# Routes whose response changes over time, or is random.
STATE: Final = ("/health", "/metrics", "/models/status", "/monitoring", "/v1/jobs", "/v1/realtime")


class WrongResponse(Exception):
    """The response to a case is wrong."""

    def __init__(self, case: Case, status: int, problem: str, response: bytes) -> None:
        super().__init__(f"{problem}\nstatus {status}\n{response[:400]!r}\n{case!r}")


class Fuzzer:
    """Sends cases through a client of the service and checks the responses."""

    def __init__(self, client: Any, api_page: str) -> None:
        self._client = client
        self._openapi = client.get("/openapi.json").json()
        self._validators = {
            (method.upper(), path): self._validator(operation)
            for path, operations in self._openapi["paths"].items()
            for method, operation in operations.items()
        }
        errors = api_page.partition("## Errors")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| ([\d, ]+) \| (.*) \|$", errors, re.MULTILINE)
        self._statuses = {int(status) for row, _ in rows for status in row.split(",")}
        self._codes = {code for _, row in rows for code in re.findall(r"`([a-z_]+)`", row)}
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0

    @property
    def inputs(self) -> int:
        """Requests that were checked; each was sent twice."""
        return self.statuses.total()

    def _validator(self, operation: dict[str, Any]) -> Draft202012Validator | None:
        content = operation["responses"].get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if not schema:
            return None
        return Draft202012Validator({**schema, "components": self._openapi["components"]})

    def run_round(self, number: int, examples: int = ROUND_CASES) -> None:
        """Send a round of cases, which `number` determines. Raises `WrongResponse`."""

        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            print_blob=False,
        )
        @given(cases(self._openapi))
        def trial(case: Case) -> None:
            self.check(case)

        trial()

    def check(self, case: Case) -> None:
        """Send a case twice. Raises `WrongResponse`."""
        with captured_logs() as logs:
            first, second = self._send(case), self._send(case)
        self.statuses[first.status_code] += 1
        problem = self._problem(case, first)
        if problem is None and self.slowest > MAX_RESPONSE_SECONDS:
            problem = f"the response took {self.slowest:.0f} s"
        if problem is None and MARKER in "".join(logs):
            line = next(line for line in logs if MARKER in line)
            problem = f"a log repeats text of the request: {line[:400]}"
        if problem is None and not case.target.startswith(STATE):
            if first.status_code != second.status_code:
                problem = f"another status for the repeated request: {second.status_code}"
            elif without_volatile_fields(first) != without_volatile_fields(second):
                problem = "another response for the repeated request"
        if problem is not None:
            raise WrongResponse(case, first.status_code, problem, first.content)

    def _send(self, case: Case) -> Any:
        start = time.perf_counter()
        response = self._client.request(
            case.method,
            case.target,
            headers=list(case.headers),
            content=case.body,
            follow_redirects=False,
        )
        self.slowest = max(self.slowest, time.perf_counter() - start)
        return response

    def _problem(self, case: Case, response: Any) -> str | None:
        status = response.status_code
        if status >= 500 and status not in (503, 504):
            return "the service failed"
        if status < 400:
            return self._wrong_success(case, response)
        if case.method == "HEAD":
            return None
        if status not in self._statuses:
            return "docs/api.md does not contain this status"
        if MARKER in response.text:
            return "the error repeats text of the request"
        try:
            (error,) = strict_json(response.content).values()
            code, message, body_id = (error.pop(key) for key in ("code", "message", "request_id"))
        except (ValueError, AttributeError, KeyError):
            return "the error is not in the envelope"
        is_openai = error_format_of(case.target.partition("?")[0]) == "openai"
        if set(error) != ({"type", "param"} if is_openai else {"details"}) or not message:
            return "the envelope has other or empty fields"
        if code not in self._codes:
            return "docs/api.md does not contain this code"
        if response.headers.get("x-request-id") != body_id:
            return "the header and the body have different request ids"
        return None

    def _wrong_success(self, case: Case, response: Any) -> str | None:
        validator = self._validators.get((case.method, case.target))
        if has_no_body(response.status_code) or validator is None:
            return None
        try:
            body = strict_json(response.content)
        except ValueError as error:
            return f"the response is not JSON: {error}"
        if not arc_matches_entry(case, body):
            return "the text of an arc point is not the entry's text at its offsets"
        wrong = best_match(validator.iter_errors(body))
        return wrong and f"the response does not match its schema: {wrong.message}"


def arc_matches_entry(case: Case, response: Any) -> bool:
    """Return whether each sentence of a typed entry's arc is `entry[start:end]`."""
    if not isinstance(response, dict) or "arc" not in response or response.get("transcription"):
        return True
    declared = dict(case.headers).get(b"content-type", b"")
    sent = case.body.decode("latin-1") if b"latin-1" in declared else case.body
    entry = json.loads(sent)["text"]
    return all(entry[p["start"] : p["end"]] == p["text"] for p in response["arc"])


def has_no_body(status: int) -> bool:
    """Return whether a response with this status never has a body."""
    return status in (204, 304) or 300 <= status < 400


def strict_json(content: bytes) -> Any:
    """Parse JSON; refuse NaN and Infinity, which Python accepts."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    return json.loads(content.decode(), parse_constant=refuse)


def without_volatile_fields(response: Any) -> Any:
    """Return the part of a response that is the same for every response to a request."""
    try:
        return _without_volatile(response.json())
    except ValueError:
        return response.content


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_volatile(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [_without_volatile(item) for item in value]
    return value


@contextmanager
def captured_logs() -> Any:
    """Collect all lines that are logged during the `with` block, with tracebacks."""
    lines: list[str] = []

    class LogCollector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = LogCollector()
    loggers = [logging.getLogger(name) for name in ("", "bentoml", "uvicorn")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield lines
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


@dataclass
class Result:
    """What was sent; `finding` is the first wrong response, or empty."""

    statuses: Counter[int]
    slowest_ms: float
    growth_mb: float
    finding: str = ""


def run(seconds: float, number: int, inputs: int = 0) -> Result:
    """Send rounds for `seconds`, and until there were so many inputs, from round `number` on.

    The service runs in this process, so its growth includes that of the fuzzer.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # logs of the client, not of the service
    logging.getLogger().addHandler(
        logging.NullHandler()
    )  # captured_logs collects them; do not print

    from samo.settings import Settings
    from tests.conftest import ROOT, running

    finding = ""
    with running(Settings(runners="fake")) as client:
        page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
        fuzzer = Fuzzer(client, page)
        start, rounds, before, peak = time.monotonic(), 0, 0.0, 0.0
        with Progress(transient=True) as progress:
            task = progress.add_task("Requests", total=seconds)
            while (spent := time.monotonic() - start) < seconds or fuzzer.inputs < inputs:
                progress.update(task, completed=spent)
                try:
                    fuzzer.run_round(number + rounds)
                except WrongResponse as error:
                    finding = f"A wrong response, --seed {number + rounds}: {error}"
                    break
                rounds += 1
                memory = memory_mb()
                # until then, modules and caches are loaded
                before = memory if rounds <= ROUNDS_BEFORE_GROWTH else before
                peak = max(peak, memory)
    growth = max(0.0, peak - before)
    if not finding and growth > MAX_GROWTH_MB:
        finding = f"memory grew by {growth:.0f} MB"
    return Result(fuzzer.statuses, fuzzer.slowest * 1000, growth, finding)


def memory_mb() -> float:
    """Resident memory of this process, after what is unreachable was freed."""
    gc.collect()
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first round (default: 0)")
    args = parser.parse_args(arguments)
    result = run(args.seconds, args.seed)
    statuses = dict(sorted(result.statuses.items()))
    print(
        f"{result.statuses.total()} requests, statuses {statuses}, the slowest "
        f"{result.slowest_ms:.0f} ms, memory grew by {result.growth_mb:.0f} MB. "
        f"{result.finding or 'No wrong response.'}"
    )
    return bool(result.finding)


if __name__ == "__main__":
    sys.exit(main())
