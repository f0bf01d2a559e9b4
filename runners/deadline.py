"""Deadlines: of the current request, and of its steps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Final

from runners.errors import DeadlineExceeded

# Kept of a request's time to send what its finished steps computed, and the largest share of it.
_RESERVE_SECONDS: Final = 1.0
_MAX_RESERVE_SHARE: Final = 0.1

# Times of the event loop, in seconds.
_last_step_end: ContextVar[float] = ContextVar("last_step_end", default=math.inf)


@contextmanager
def request_deadline(seconds: float) -> Iterator[None]:
    """While this block runs, steps that can be left out end shortly before `seconds` from now."""
    usable = seconds - min(_RESERVE_SECONDS, _MAX_RESERVE_SHARE * seconds)
    token = _last_step_end.set(asyncio.get_running_loop().time() + usable)
    try:
        yield
    finally:
        _last_step_end.reset(token)


@asynccontextmanager
async def step_deadline(step: str, seconds: float, *, optional: bool) -> AsyncIterator[None]:
    """Cancel the block after `seconds`.

    Args:
        step: its name, for the error.
        seconds: infinite for no deadline.
        optional: the response is useful without this step, so it ends before the request does.

    Raises:
        DeadlineExceeded: The block took too long.
    """
    end = asyncio.get_running_loop().time() + seconds
    if optional:
        end = min(end, _last_step_end.get())
    try:
        async with asyncio.timeout_at(None if math.isinf(end) else end) as timeout:
            yield
    except TimeoutError:
        if not timeout.expired():
            raise
        raise DeadlineExceeded(
            f"The step {step} took too long and was cancelled: try again later, or send less.",
            step=step,
        ) from None
