"""Send odd requests to the service with fake runners; stop at the first wrong answer.

    python -m tests.fuzz.requests --seconds 60 --seed 7

Wrong are: a status or an error code that docs/api.md does not name, 5xx other than 503 and 504, an
error without the envelope, an answer that its own schema refuses, an answer or a log that repeats
what was sent in an error, and two different answers to one request. The case that is printed is as
small as Hypothesis could make it; its repr makes it again. Exit status 1 says that there was one.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rich.progress import Progress

from samo.http.envelope import error_format_of
from tests.fuzz.cases import MARK, Case, cases

ROUND_CASES: Final = 100
# They differ between two answers to one request.
VOLATILE: Final = frozenset(
    {"request_id", "inference_time", "processing_time_ms", "timings_ms", "uptime_seconds"}
)
# State, which changes by itself.
STATE: Final = ("/health", "/metrics", "/models/status")


class WrongAnswer(Exception):
    """What is wrong with the answer to a case."""

    def __init__(self, case: Case, status: int, problem: str, answer: bytes) -> None:
        super().__init__(f"{problem}\nstatus {status}\n{answer[:400]!r}\n{case!r}")


class Fuzzer:
    """Sends cases to a client of the service and judges the answers."""

    def __init__(self, client: Any, api_page: str) -> None:
        self._client = client
        self._openapi = client.get("/openapi.json").json()
        self._answers = {
            (method.upper(), path): self._validator(operation)
            for path, operations in self._openapi["paths"].items()
            for method, operation in operations.items()
        }
        errors = api_page.partition("## Errors")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| ([\d, ]+) \| (.*) \|$", errors, re.MULTILINE)
        self._statuses = {int(status) for row, _ in rows for status in row.split(",")}
        self._codes = {code for _, row in rows for code in re.findall(r"`([a-z_]+)`", row)}
        self.statuses: Counter[int] = Counter()
        self.slowest_livez = 0.0

    def _validator(self, operation: dict[str, Any]) -> Draft202012Validator | None:
        content = operation["responses"].get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if not schema:
            return None
        return Draft202012Validator({**schema, "components": self._openapi["components"]})

    def run_round(self, number: int, examples: int = ROUND_CASES) -> None:
        """Send a round of cases, the same for the same number. Raises `WrongAnswer`."""

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
        start = time.perf_counter()
        self._client.get("/livez")
        self.slowest_livez = max(self.slowest_livez, time.perf_counter() - start)

    def check(self, case: Case) -> None:
        """Send a case twice. Raises `WrongAnswer`."""
        with captured_logs() as logs:
            first, second = self._send(case), self._send(case)
        self.statuses[first.status_code] += 1
        problem = self._problem(case, first)
        if problem is None and MARK in "".join(logs):
            line = next(line for line in logs if MARK in line)
            problem = f"a log repeats what was sent: {line[:400]}"
        if problem is None and not case.target.startswith(STATE):
            if first.status_code != second.status_code:
                problem = f"another status the second time: {second.status_code}"
            elif steady(first) != steady(second):
                problem = "another answer the second time"
        if problem is not None:
            raise WrongAnswer(case, first.status_code, problem, first.content)

    def _send(self, case: Case) -> Any:
        return self._client.request(
            case.method,
            case.target,
            headers=list(case.headers),
            content=case.body,
            follow_redirects=False,
        )

    def _problem(self, case: Case, answer: Any) -> str | None:
        status = answer.status_code
        if status >= 500 and status not in (503, 504):
            return "the service failed"
        if status < 400:
            return self._wrong_success(case, answer)
        if case.method == "HEAD":
            return None
        if status not in self._statuses:
            return "docs/api.md does not name this status"
        if MARK in answer.text:
            return "the error repeats what was sent"
        try:
            (error,) = strict_json(answer.content).values()
            code, message, own_id = (error.pop(key) for key in ("code", "message", "request_id"))
        except (ValueError, AttributeError, KeyError):
            return "the error is not in the envelope"
        is_openai = error_format_of(case.target.partition("?")[0]) == "openai"
        if set(error) != ({"type", "param"} if is_openai else {"details"}) or not message:
            return "the envelope holds other or empty fields"
        if code not in self._codes:
            return "docs/api.md does not name this code"
        if answer.headers.get("x-request-id") != own_id:
            return "the header and the body name two request ids"
        return None

    def _wrong_success(self, case: Case, answer: Any) -> str | None:
        validator = self._answers.get((case.method, case.target))
        if status_has_no_body(answer.status_code) or validator is None:
            return None
        try:
            body = strict_json(answer.content)
        except ValueError as error:
            return f"the answer is no JSON: {error}"
        if not arc_is_of_the_entry(case, body):
            return "a point of the arc is not the entry's text at its place"
        wrong = best_match(validator.iter_errors(body))
        return wrong and f"the answer is not what the description says: {wrong.message}"


def arc_is_of_the_entry(case: Case, answer: Any) -> bool:
    """Whether each sentence of a typed entry's arc is `entry[start:end]`."""
    if not isinstance(answer, dict) or "arc" not in answer or answer.get("transcription"):
        return True
    declared = dict(case.headers).get(b"content-type", b"")
    sent = case.body.decode("latin-1") if b"latin-1" in declared else case.body
    entry = json.loads(sent)["text"]
    return all(entry[p["start"] : p["end"]] == p["text"] for p in answer["arc"])


def status_has_no_body(status: int) -> bool:
    """Whether an answer with this status is empty by its meaning."""
    return status in (204, 304) or 300 <= status < 400


def strict_json(content: bytes) -> Any:
    """Parse JSON as other languages do, without NaN."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(content.decode(), parse_constant=refuse)


def steady(answer: Any) -> Any:
    """What two answers to one request have in common."""
    try:
        return _without_volatile(answer.json())
    except ValueError:
        return answer.content


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_volatile(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [_without_volatile(item) for item in value]
    return value


@contextmanager
def captured_logs() -> Any:
    """Every line that is logged meanwhile, with its traceback."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keep()
    loggers = [logging.getLogger(name) for name in ("", "bentoml", "uvicorn")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield lines
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first round (0)")
    given_arguments = parser.parse_args(arguments)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the client's, not the service's
    logging.getLogger().addHandler(logging.NullHandler())  # kept by captured_logs, not printed

    from samo.settings import Settings
    from tests.conftest import ROOT, running

    with running(Settings(runners="fake")) as client:
        page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
        fuzzer = Fuzzer(client, page)
        number, start = given_arguments.seed, time.monotonic()
        with Progress(transient=True) as progress:
            task = progress.add_task("Odd requests", total=given_arguments.seconds)
            while (spent := time.monotonic() - start) < given_arguments.seconds:
                progress.update(task, completed=spent)
                try:
                    fuzzer.run_round(number)
                except WrongAnswer as wrong:
                    print(f"A wrong answer, --seed {number}: {wrong}")
                    return 1
                number += 1
    print(
        f"{sum(fuzzer.statuses.values())} requests, statuses "
        f"{dict(sorted(fuzzer.statuses.items()))}, /livez within "
        f"{fuzzer.slowest_livez * 1000:.1f} ms; nothing wrong found."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
