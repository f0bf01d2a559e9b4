"""Load another promoted version of the emotion model while the service runs.

The new model is loaded and checked beside the one that serves. Then new requests get the new one;
a request, a job or a live session that has begun keeps the models that it began with, so that its
parts agree. The old model is released when the last of them is done, and only then another one is
loaded: at most two are in memory.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from runners.base import GoldenMismatchError
from runners.errors import StartError
from samo.batchers import create_emotion_batcher, with_gauges
from samo.drift.creation import DriftOff
from samo.drift.monitor import DriftMonitor
from samo.factory import ModelSet, observe_drift, return_freed_memory
from samo.loading import load_classifier
from samo.model_store import StoredModel, find_version, promoted_version
from samo.monitoring import metrics
from samo.private_logs import describe
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.reloading")

Swap = Callable[[ModelSet, DriftMonitor | DriftOff], None]


def load_emotion(settings: Settings, models: ModelSet, stored: StoredModel) -> ModelSet:
    """Load another version of the emotion model; return `models` with it in place of theirs.

    Both share the other models. The file hashes and the golden sample are checked as at a start.

    Raises:
        StartError: A file is missing or damaged, or the model computes other results here.
    """
    runner = load_classifier(settings, stored)
    try:
        runner.warm_up()
    except GoldenMismatchError as error:
        raise StartError(str(error)) from None
    return_freed_memory()
    former = models.pipeline
    batcher = create_emotion_batcher(settings, runner, former.transcriber, former.live_transcriber)
    return replace(
        models,
        pipeline=former.with_emotion(batcher, runner.calibration),
        tags={**models.tags, "emotion": str(stored.tag)},
        metadata={**models.metadata, "emotion": dict(stored.info.metadata)},
        folders={**models.folders, "emotion": Path(stored.path)},
    )


class ModelReloader:
    """Looks for another promoted version, and swaps the models.

    Args:
        settings: of the service.
        models: those that serve.
        drift: what observes them.
        swap: gives the routes other models.

    """

    def __init__(
        self, settings: Settings, models: ModelSet, drift: DriftMonitor | DriftOff, swap: Swap
    ) -> None:
        self._settings = settings
        self._name = settings.model_names["emotion"]
        self._models = models
        self._drift = drift
        self._swap = swap
        self._failed: str | None = None
        self._former = 0
        """Number of models that are in memory for requests that have begun before a swap."""
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to look; does nothing with fake runners, or if it is switched off."""
        if self._settings.runners == "real" and self._settings.model_reload_seconds:
            self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop looking; a model that is being loaded is dropped."""
        if self._task is not None:
            self._task.cancel()
        for task in (self._task, *self._closing):
            if task is not None:
                await asyncio.wait([task])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.model_reload_seconds)
            await self.look()

    async def look(self) -> None:
        """Load the promoted version if it is another one than serves."""
        try:
            version = promoted_version(self._name)
        except StartError as error:
            self._fail("damaged pointer", str(error))
            return
        if version is None or version == self._models.tags["emotion"].rpartition(":")[2]:
            self._failed = None
            return
        if version == self._failed or self._former:
            return
        try:
            models, drift = await asyncio.to_thread(self._load, version)
        except Exception as error:  # noqa: BLE001  # whatever a model's library raises
            self._fail(version, describe(error))
            return
        self._replace(models, drift)

    def _load(self, version: str) -> tuple[ModelSet, DriftMonitor | DriftOff]:
        stored = find_version(self._name, version)
        models = load_emotion(self._settings, self._models, stored)
        try:
            return models, observe_drift(self._settings, models)
        except BaseException:
            models.pipeline.emotion.close()
            raise

    def _replace(self, models: ModelSet, drift: DriftMonitor | DriftOff) -> None:
        former, former_drift = self._models, self._drift
        self._models, self._drift = models, drift
        if isinstance(drift, DriftOff):
            models.pipeline.recordings.observer = None  # both pipelines share it
        self._swap(models, drift)
        with_gauges(models.pipeline.emotion)
        self._failed = None
        self._former += 1
        loop = asyncio.get_running_loop()
        # called when the last request that has the former pipeline drops it, in any thread
        weakref.finalize(
            former.pipeline,
            loop.call_soon_threadsafe, self._release, former.pipeline.emotion.close, former_drift,
        ).atexit = False  # fmt: skip
        metrics.model_reloads.labels("loaded").inc()
        _log.info("%s serves now, instead of %s.", models.tags["emotion"], former.tags["emotion"])

    def _release(self, close: Callable[[], None], drift: DriftMonitor | DriftOff) -> None:
        """Stop the workers of the former model; share what its monitor has counted."""
        close()
        self._former -= 1
        if isinstance(drift, DriftMonitor):
            task = asyncio.get_running_loop().create_task(drift.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _fail(self, version: str, reason: str) -> None:
        """Log once per version that the former one keeps serving."""
        if self._failed != version:
            self._failed = version
            metrics.model_reloads.labels("failed").inc()
            _log.error(
                "the promoted version %s of %s cannot serve (%s): %s keeps serving; promote "
                "another version",
                version, self._name, reason, self._models.tags["emotion"],
            )  # fmt: skip
