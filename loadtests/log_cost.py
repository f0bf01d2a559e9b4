"""Measure what the log line of a request costs.

    python -m loadtests.log_cost

The application is called in this process, with fake runners, and its lines go to a temporary file
by BentoML's handler, as in a server. The variants take turns, and the median of the turns counts.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
from typing import Any, Final

import uvloop
from rich.console import Console
from rich.table import Table
from starlette.types import ASGIApp, Receive, Scope, Send

from loadtests.access_cost import Variant, create_asgi, measure
from loadtests.machine import describe_machine
from samo import private_logs
from samo.monitoring.log_format import JsonFormatter, TextFormatter
from samo.settings import Settings

_HEADERS: Final = [
    (b"host", b"127.0.0.1:3000"),
    (b"content-type", b"application/json"),
    (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
]


def _with_log(
    app: ASGIApp, handler: logging.StreamHandler[Any], formatter: logging.Formatter | None
) -> ASGIApp:
    """The application, whose requests are logged in this format; not at all if it is None."""
    logger = logging.getLogger("bentoml.samo.requests")

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        logger.setLevel(logging.CRITICAL if formatter is None else logging.INFO)
        if formatter is not None:
            handler.setFormatter(formatter)
        await app(scope, receive, send)

    return logged


def main() -> None:
    """The command line."""
    from bentoml._internal.log import configure_server_logging

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=15, help="turns of each variant (15)")
    parser.add_argument("--requests", type=int, default=200, help="requests per turn (200)")
    args = parser.parse_args()
    configure_server_logging()
    private_logs.install()
    (handler,) = logging.getLogger("bentoml").handlers
    assert isinstance(handler, logging.StreamHandler)  # noqa: S101  # BentoML's configuration
    handler.filters.clear()  # as in a server
    app = create_asgi(Settings(runners="fake", allow_anonymous=True))
    found = [
        Variant(name, _with_log(app, handler, formatter), _HEADERS)
        for name, formatter in (
            ("no log line", None),
            ("text", TextFormatter()),
            ("JSON", JsonFormatter()),
        )
    ]
    with tempfile.TemporaryFile("w") as file:
        handler.setStream(file)
        times = uvloop.run(measure(found, args.turns, args.requests))
    table = Table(title=f"POST /predict with fake runners, one at a time; {describe_machine()}")
    for column in ("log", "ms per request", "added, ms"):
        table.add_column(column, justify="left" if column == "log" else "right")
    first = statistics.median(times[found[0].name])
    for variant in found:
        median = statistics.median(times[variant.name])
        table.add_row(variant.name, f"{median:.3f}", f"{median - first:+.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
