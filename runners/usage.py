"""What the current request uses: seconds of computing, and models."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Meter = Callable[[float], None]

_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)
_models: ContextVar[set[str] | None] = ContextVar("models", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """While this block runs, in its tasks too, computing is reported to `meter` in seconds.

    A batch that the request has abandoned is reported when it ends, which may be after the block.
    """
    token = _meter.set(meter)
    try:
        yield
    finally:
        _meter.reset(token)


@contextmanager
def charged() -> Iterator[None]:
    """Report the time that this block takes to the meter of the current request."""
    start = time.perf_counter()
    try:
        yield
    finally:
        report(time.perf_counter() - start)


def report(seconds: float) -> None:
    """Report seconds of computing to the meter of the current request."""
    meter = _meter.get()
    if meter is not None:
        meter(seconds)


def current_meter() -> Meter | None:
    """The meter of the current request; None if nothing counts."""
    return _meter.get()


@contextmanager
def collect_models(names: set[str]) -> Iterator[None]:
    """While this block runs, in its tasks too, `names` receives the models that are asked."""
    token = _models.set(names)
    try:
        yield
    finally:
        _models.reset(token)


def note_model(name: str) -> None:
    """The current request asks this model."""
    if (names := _models.get()) is not None:
        names.add(name)
