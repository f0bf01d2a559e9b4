"""Lets a running `predict` stop early once nobody waits for its result any more.

The batcher has an event for each batch, and runs `predict` with it in the thread's
context. A model that computes for long calls `stop_if_cancelled` between its steps. A `predict`
that runs outside a batcher has no event, and never stops early. `run_cancellable` does the same for
any function.
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
    """Nobody waits for the result of this computation any more."""


@contextmanager
def cancel_scope(event: threading.Event) -> Iterator[None]:
    """Let `stop_if_cancelled` raise in this block, in this thread, once `event` is set."""
    token = _cancellation.set(event)
    try:
        yield
    finally:
        _cancellation.reset(token)


def stop_if_cancelled() -> None:
    """Raise `Cancelled` where nobody waits for the result any more."""
    event = _cancellation.get()
    if event is not None and event.is_set():
        raise Cancelled


async def run_cancellable(executor: Executor | None, function: Callable[[], Result]) -> Result:
    """Run `function` in a thread of `executor` (None: asyncio's own).

    Where the caller is cancelled, a function that waits for a thread is never run, and one that
    runs ends at its next `stop_if_cancelled`.
    """
    cancelled = threading.Event()

    def call() -> Result:
        with cancel_scope(cancelled):
            return function()

    try:
        return await asyncio.get_running_loop().run_in_executor(executor, call)
    finally:
        cancelled.set()
