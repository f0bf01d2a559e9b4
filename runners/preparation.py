"""Prepare the items of a request on the event loop, without blocking it for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from runners.base import Input, Prepared
from runners.errors import SamoError

# After this many seconds other tasks of the event loop get their turn.
_TURN_SECONDS: Final = 0.01


async def prepare_all(
    items: Sequence[Input],
    prepare: Callable[[Input], Prepared],
    on_failure: Callable[[Exception], SamoError],
) -> list[Prepared | SamoError]:
    """Prepare each item; one that `prepare` fails on gets the error of `on_failure`."""
    prepared: list[Prepared | SamoError] = []
    start = time.perf_counter()
    for item in items:
        if time.perf_counter() - start > _TURN_SECONDS:
            await asyncio.sleep(0)
            start = time.perf_counter()
        try:
            prepared.append(prepare(item))
        except Exception as error:  # noqa: BLE001  # only the input that `prepare` fails on has an error
            prepared.append(on_failure(error))
    return prepared
