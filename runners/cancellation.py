"""Cooperative cancellation: a computation stops early when its result is no longer needed.

The batcher runs `predict` in a `cancel_scope`, whose event it sets when all requests of the batch
are cancelled. A model that computes for a long time calls `stop_if_cancelled` between its steps.
Outside a scope `stop_if_cancelled` does nothing. `run_cancellable` runs any function in a scope.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Result = TypeVar("Result")

_cancellation: ContextVar[threading.Event | None] = ContextVar("cancellation", default=None)


class Cancelled(Exception):
    """The result of this computation is no longer needed."""


@contextmanager
def cancel_scope(event: threading.Event) -> Iterator[None]:
    """While this block runs in this thread, `stop_if_cancelled` raises once `event` is set."""
    token = _cancellation.set(event)
    try:
        yield
    finally:
        _cancellation.reset(token)


def stop_if_cancelled() -> None:
    """Raise `Cancelled` if the event of the current scope is set."""
    event = _cancellation.get()
    if event is not None and event.is_set():
        raise Cancelled


async def run_cancellable(executor: Executor | None, function: Callable[[], Result]) -> Result:
    """Run `function` in a thread of `executor`; None is the event loop's default executor.

    If the caller is cancelled, a function that is still queued does not run, and a running one
    ends at its next `stop_if_cancelled`.
    """
    cancelled = threading.Event()

    def call() -> Result:
        with cancel_scope(cancelled):
            return function()

    try:
        return await asyncio.get_running_loop().run_in_executor(executor, call)
    finally:
        cancelled.set()
