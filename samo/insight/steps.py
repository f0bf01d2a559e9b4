"""The steps of an insight: each has a deadline, and the response is useful without it."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from runners.deadline import step_deadline
from runners.errors import DeadlineExceeded, InvalidRequest, ModelFailure, ModelUnavailable
from samo.monitoring import metrics
from samo.monitoring.request_record import note_degraded


@dataclass(frozen=True, slots=True)
class StepDeadlines:
    """The longest time of each step, waiting included, in seconds."""

    transcription: float = math.inf
    emotion: float = math.inf
    summary: float = math.inf


@dataclass(slots=True)
class Steps:
    """Runs the steps of one response, and notes how long they took and which of them failed.

    `Overloaded` is no failure of a step: it refuses a request that has cost nothing so far.

    Attributes:
        timings_ms: milliseconds by step.
        degraded: the steps that failed.

    """

    timings_ms: dict[str, float] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def run(self, name: str, seconds: float) -> AsyncIterator[None]:
        """Measure the block. If it fails or takes too long, note that and continue after it."""
        start = time.perf_counter()
        try:
            async with step_deadline(name, seconds, optional=True):
                yield
        except (DeadlineExceeded, InvalidRequest, ModelFailure, ModelUnavailable):
            self.degraded.append(name)
            metrics.degraded.labels(name).inc()
            note_degraded(name)
        self.timings_ms[name] = round((time.perf_counter() - start) * 1000, 2)
