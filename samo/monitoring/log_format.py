"""The format of log lines: text for people, or JSON objects with the fields of Cloud Logging.

https://cloud.google.com/logging/docs/structured-logging lists the fields. Native libraries, and
Python while it crashes, write text to stderr in any case.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import orjson

from samo.settings import LogFormat


class Structured(Protocol):
    """What a log record carries as `structured`, besides its message."""

    def fields(self) -> dict[str, Any]:
        """Further fields of the JSON object; they replace those of the same name."""
        ...


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end."""
        line = {
            "severity": record.levelname,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "message": record.getMessage(),
            "logger": record.name,
        }
        structured: Structured | None = getattr(record, "structured", None)
        if structured is not None:
            line |= structured.fields()
        return orjson.dumps(line, default=str).decode()


class TextFormatter(logging.Formatter):
    """Formats a record as a line for people: `2026-03-01T08:30:00+0000 INFO samo.jobs …`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(logger)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end."""
        record.logger = record.name.removeprefix("bentoml.")  # above ours, for its handler
        return super().format(record)


_JSON: Final = JsonFormatter()
_TEXT: Final = TextFormatter()
_STDERR: Final = logging.getLogger("bentoml.samo.serve")


def install(log_format: LogFormat) -> None:
    """Use this format in all handlers of this process.

    Call it again after the handlers were replaced, as BentoML does when it starts a server.
    """
    for handler in _handlers():
        if log_format == "json":
            handler.setFormatter(_JSON)
            handler.filters.clear()  # BentoML's add what its text format needs, for 7 µs per line
        elif _is_of_bentoml_server(handler):  # others, such as a command's, keep their format
            handler.setFormatter(_TEXT)
            handler.filters.clear()
    # not in the lines of JSON, and asked of the system for each of them
    if log_format == "json":
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def write_line(level: int, message: str) -> None:
    """Write a line to stderr in the installed format, also before logging is configured."""
    resort = logging.lastResort
    if resort is not None and resort.formatter is _JSON:
        message = _JSON.format(_STDERR.makeRecord(_STDERR.name, level, "", 0, message, (), None))
    with contextlib.suppress(OSError):  # such as a full disk, on which the service can still serve
        sys.stderr.write(f"{message}\n")


def _is_of_bentoml_server(handler: logging.Handler) -> bool:
    # by its name: BentoML takes a second to import
    return any(type(one).__name__ == "TraceRecordFilter" for one in handler.filters)


def _handlers() -> Iterator[logging.Handler]:
    if logging.lastResort is not None:  # used before logging is configured
        yield logging.lastResort
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        if isinstance(logger, logging.Logger):  # others are placeholders
            yield from logger.handlers
