"""Decode in threads of the service's own process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from runners.cancellation import run_cancellable
from runners.fairness import FairSlots
from runners.usage import charged
from samo.audio.decoding import decode
from samo.audio.types import Audio


class ThreadedDecoder:
    """Decodes uploads in threads: without limits of the kernel, where processes cannot be forked.

    Args:
        concurrency: the number of uploads that are decoded at the same time.
    """

    def __init__(self, concurrency: int) -> None:
        self._slots = FairSlots(concurrency)
        # of their own, so that slow decodes of uploads delay nothing else
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="decoding")

    def start(self) -> None:
        """Threads start with the first upload."""

    def wait_until_started(self) -> None:
        """There is nothing to wait for."""

    async def decode(self, data: bytes) -> Audio:
        """Decode an upload. Raises as `samo.audio.decode`."""
        async with self._slots.slot(len(data)):
            with charged():
                return await run_cancellable(self._threads, lambda: decode(data))

    def close(self) -> None:
        """Stop; a decode that runs stops at its next packet."""
        self._threads.shutdown(wait=False, cancel_futures=True)
