"""Measure how long a request is computed."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self


class Stopwatch:
    """Measure the milliseconds of a `with` block."""

    milliseconds = 0.0
    started = 0.0

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.milliseconds = (time.perf_counter() - self.started) * 1000
