"""The lines of a logger, for tests of what they contain."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any

from samo.monitoring.log_format import JsonFormatter


@contextlib.contextmanager
def collected(name: str) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Collect the lines of the logger `name`, each as text and as JSON."""
    lines: list[tuple[str, dict[str, Any]]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((record.getMessage(), json.loads(JsonFormatter().format(record))))

    logger = logging.getLogger(name)
    handler = Collect()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
