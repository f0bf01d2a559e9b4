"""Run work on long texts in a thread, so that the event loop can serve other requests.

Splitting the longest entry takes a few milliseconds, and a request may have many entries. They are
processed one by one, so that a cancelled request stops after the current one, and in a single
thread, so that the event loop competes for the interpreter lock with one thread at most.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from runners.callers import current_caller
from runners.errors import Overloaded
from runners.fairness import FairSlots

# Shorter texts are processed inline: the thread switch would take longer.
MAX_INLINE_CHARACTERS: Final = 1_000

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# Background calls take up to a second each, so the last of this many waits for 16 s.
MAX_BACKGROUND_CALLS: Final = 16

# A caller may use three quarters of it, so that others find room.
MAX_CALLS_OF_A_CALLER: Final = 12

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="text")
_background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
_turns_of_thread = FairSlots(1)
_turns_of_background = FairSlots(1)
_pending_calls = Counter[str]()


async def run_in_thread(
    characters: int,
    function: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """Call `function`, in the thread if it processes a text of many `characters`."""
    if characters <= MAX_INLINE_CHARACTERS:
        return function(*args, **kwargs)
    call = partial(function, *args, **kwargs)
    async with _turns_of_thread.slot(characters):
        return await asyncio.get_running_loop().run_in_executor(_thread, call)


async def run_in_background(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call `function`, which may take a second, in a thread that texts do not wait for.

    Raises:
        Overloaded: `MAX_BACKGROUND_CALLS` are pending, or too many of this caller.
    """
    caller = current_caller()
    if (
        _pending_calls.total() >= MAX_BACKGROUND_CALLS
        or _pending_calls[caller] >= MAX_CALLS_OF_A_CALLER
    ):
        raise Overloaded("Too many large requests are in progress: try again in a few seconds.", 5)
    call = partial(function, *args, **kwargs)
    _pending_calls[caller] += 1
    try:
        async with _turns_of_background.slot(1):
            return await asyncio.get_running_loop().run_in_executor(_background, call)
    finally:
        _pending_calls[caller] -= 1
        if not _pending_calls[caller]:
            del _pending_calls[caller]
