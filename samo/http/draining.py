"""Tells long-lived connections that the service is stopping, so that they can end by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_callbacks: Final[set[Callable[[], None]]] = set()


@contextmanager
def when_stopping(callback: Callable[[], None]) -> Iterator[None]:
    """During this block, call `callback` when the service begins to stop."""
    _callbacks.add(callback)
    try:
        yield
    finally:
        _callbacks.discard(callback)


def begin() -> None:
    """The service begins to stop."""
    for callback in tuple(_callbacks):
        callback()
