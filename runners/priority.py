"""The priority of the work that a caller asks the models for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Priority(IntEnum):
    """Who goes first in a queue; lower values do."""

    LIVE = 0
    """Someone is speaking and waits for the words."""
    REQUEST = 1
    """A request waits for its response."""
    BACKGROUND = 2
    """Nobody waits: it takes only what the others leave."""


_priority: ContextVar[Priority] = ContextVar("priority", default=Priority.REQUEST)


@contextmanager
def prioritized(priority: Priority) -> Iterator[None]:
    """While this block runs, in its tasks too, work is queued with `priority`."""
    token = _priority.set(priority)
    try:
        yield
    finally:
        _priority.reset(token)


def current_priority() -> Priority:
    """The priority of the current task."""
    return _priority.get()
