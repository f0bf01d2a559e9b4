"""Shadow mode: variant b classifies the texts that a has answered, and is compared with it.

Nobody waits for b. It computes in gaps, while a computes nothing, on one thread of low priority.
Texts that it cannot keep up with are dropped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from runners.base import ParallelRunner
from runners.batching import Batcher
from runners.emotion.calibration import Probabilities
from runners.errors import SamoError
from samo.ab.agreement import agreement
from samo.ab.variant import Variant
from samo.insight.observer import TextObserver
from samo.monitoring import ab_metrics

MAX_WAITING_PASSAGES: Final = 512
# Passages that b computes in one gap: a request that arrives meanwhile shares the cores with them.
PASSAGES_PER_GAP: Final = 4
# How often a is looked at while it computes and passages wait.
_GAP_SECONDS: Final = 0.02
# Of the thread, between 0 and 19: a gets nine tenths of a core that both want.
_NICENESS: Final = 10


class _Text(NamedTuple):
    passages: Sequence[str]
    probabilities: Sequence[Probabilities]
    """By variant a."""


class Shadow(TextObserver):
    """Compares the variants on the texts that a has answered.

    Args:
        a: the variant that serves.
        b: the other one.

    """

    def __init__(self, a: Variant, b: Variant) -> None:
        self._a, self._b = a, b
        self._waiting: deque[_Text] = deque()
        self._num_waiting = 0
        self._task: asyncio.Task[None] | None = None

    def observe_text(self, passages: Sequence[str], probabilities: Sequence[Probabilities]) -> None:
        """Have b classify a text later, or drop it if too many wait."""
        if self._num_waiting + len(passages) > MAX_WAITING_PASSAGES:
            ab_metrics.shadow_passages.labels("dropped").inc(len(passages))
            return
        # copies: the rows are views, which would keep their whole batch
        self._waiting.append(_Text(passages, [row.copy() for row in probabilities]))
        self._num_waiting += len(passages)
        if self._task is None or self._task.done():
            # in a context of its own: the request is neither charged for b nor traced with it
            self._task = asyncio.get_running_loop().create_task(
                self._compare_all(), context=contextvars.Context()
            )

    async def drain(self) -> None:
        """Wait until no text waits."""
        if self._task is not None:
            await self._task

    async def close(self) -> None:
        """Drop the texts that wait."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _compare_all(self) -> None:
        while self._waiting:
            text = self._waiting.popleft()
            for start in range(0, len(text.passages), PASSAGES_PER_GAP):
                chunk = slice(start, start + PASSAGES_PER_GAP)
                while _is_busy(self._a.emotion):  # noqa: ASYNC110  # a batcher has no event
                    await asyncio.sleep(_GAP_SECONDS)
                await self._compare(text.passages[chunk], text.probabilities[chunk])
                self._num_waiting -= len(text.passages[chunk])

    async def _compare(
        self, passages: Sequence[str], probabilities: Sequence[Probabilities]
    ) -> None:
        outputs: Sequence[Probabilities | SamoError]
        try:
            outputs = await self._b.emotion.run(passages, is_admitted=True)
        except SamoError as error:  # b does not compute
            outputs = [error] * len(passages)
        for ours, theirs in zip(probabilities, outputs, strict=True):
            if isinstance(theirs, SamoError):
                ab_metrics.shadow_passages.labels("failed").inc()
            else:
                _count(self._a.labels(ours), self._b.labels(theirs))


def _is_busy(emotion: Batcher[Any, Any, Any]) -> bool:
    return emotion.is_computing or emotion.queue_length > 0


def _count(a: Sequence[str], b: Sequence[str]) -> None:
    result = "same" if set(a) == set(b) else "different"
    ab_metrics.shadow_passages.labels(result).inc()
    ab_metrics.shadow_agreement.observe(agreement(b, a))
    for name in {*a, *b}:
        decided_by = "both" if name in a and name in b else "a" if name in a else "b"
        ab_metrics.shadow_label(name, decided_by).inc()


class LowPriorityRunner(ParallelRunner[Any, Any, Probabilities]):
    """A classifier that computes on one thread, to which the system gives what others leave.

    Only Linux has priorities of threads; elsewhere it competes like any other.
    """

    def __init__(self, runner: ParallelRunner[Any, Any, Probabilities]) -> None:
        self._runner = runner
        self._thread = threading.local()

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Not used: it wraps a runner that is loaded."""
        raise NotImplementedError

    def prepare(self, item: Any) -> Any:
        """As the runner."""
        return self._runner.prepare(item)

    def cost(self, prepared: Any) -> int:
        """As the runner."""
        return self._runner.cost(prepared)

    def predict(self, batch: Sequence[Any]) -> list[Probabilities]:
        """As the runner, on the calling thread alone."""
        return self.predict_single_threaded(batch)

    def predict_single_threaded(self, batch: Sequence[Any]) -> list[Probabilities]:
        """As `predict`."""
        if not getattr(self._thread, "is_lowered", False):
            self._thread.is_lowered = True
            with contextlib.suppress(OSError, AttributeError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        return self._runner.predict_single_threaded(batch)

    def warm_up(self) -> None:
        """As the runner."""
        self._runner.warm_up()
