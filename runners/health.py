"""Whether a model computes: it may fail on every input, or not return from a computation."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from typing import Any, Final, Literal

from runners.base import Runner
from runners.batch import Batch
from runners.errors import ModelFailure, ModelUnavailable, SamoError
from runners.unavailable import UnavailableRunner

_log = logging.getLogger("bentoml.samo.batching")

ModelState = Literal["ready", "failing", "stuck", "unavailable"]
"""`failing`: the last inputs raised errors; `stuck`: no worker returns from its computation;
`unavailable`: the model could not be loaded."""

# A model is failing after so many errors without a result in between. Fewer may be the inputs'
# fault.
FAILING_AFTER: Final = 3


class ModelHealth:
    """What is known about a model from its computations.

    Args:
        name: of the model, in logs and errors.
        num_workers: number of batches that are computed at the same time.
        max_batch_seconds: a model is stuck if every worker computes a batch for longer.

    """

    def __init__(self, name: str, num_workers: int, max_batch_seconds: float) -> None:
        self._name = name
        self._num_workers = num_workers
        self._max_batch_seconds = max_batch_seconds
        self._failures = 0

    def state(
        self, runner: Runner[Any, Any, Any], running: Collection[Batch[Any, Any]]
    ) -> ModelState:
        """The state of `runner`, which computes the batches `running`."""
        if isinstance(runner, UnavailableRunner):
            return "unavailable"
        latest = time.perf_counter() - self._max_batch_seconds
        if sum(batch.started < latest for batch in running) >= self._num_workers:
            return "stuck"
        return "failing" if self._failures >= FAILING_AFTER else "ready"

    def check(self, runner: Runner[Any, Any, Any], running: Collection[Batch[Any, Any]]) -> None:
        """Raise `ModelUnavailable` if a request would be in vain; as `state` otherwise.

        A failing model is tried again with every request.
        """
        if isinstance(runner, UnavailableRunner):
            runner.refuse()
        if self.state(runner, running) == "stuck":
            raise self._unavailable("does not return at present")

    def succeeded(self) -> None:
        """Note that the model computed a result."""
        self._failures = 0

    def failed(self, error: Exception) -> SamoError:
        """Note an error; return what the request is told.

        An error that is no `SamoError` is replaced, because its message may contain user text.
        """
        if isinstance(error, SamoError):
            return error
        _log.error("%s failed: %s", self._name, type(error).__name__)
        self._failures += 1
        if self._failures >= FAILING_AFTER:
            return self._unavailable("fails at present")
        return ModelFailure(
            f"The {self._name} model failed: try again, and report the error if it persists.",
            step=self._name,
        )

    def _unavailable(self, problem: str) -> ModelUnavailable:
        return ModelUnavailable(
            f"The {self._name} model {problem}: try again after the time in Retry-After.",
            step=self._name,
        )
