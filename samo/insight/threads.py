"""Run work on long texts in a thread, so that the event loop can serve other requests.

Splitting the longest entry takes a few milliseconds, and a request may have many entries. They are
processed one by one, so that a cancelled request stops after the current one, and in a single
thread, so that the event loop competes for the interpreter lock with one thread at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

# Shorter texts are processed inline: the thread switch would take longer.
MAX_INLINE_CHARACTERS: Final = 1_000

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="text")


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
    return await asyncio.get_running_loop().run_in_executor(_thread, call)
