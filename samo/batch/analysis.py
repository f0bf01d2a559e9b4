"""Analyse shards with the pipeline and the schemas of the service."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from runners.errors import ModelFailure, SamoError
from samo.api import responses, schemas
from samo.api.stopwatch import Stopwatch
from samo.batch.crashes import MAX_CRASHES, CrashedProcess, CrashLog
from samo.batch.entries import Entry, EntrySource, RefusedEntry, Shard
from samo.batch.folder import CRASHES_FOLDER, RunFolder
from samo.batch.recordings import read_recording
from samo.batch.store import find_model
from samo.factory import create_models
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.batch")

OutputKind = Literal["insight", "prediction"]
OUTPUT_SCHEMAS: Final[dict[OutputKind, type[BaseModel]]] = {
    "insight": schemas.InsightResponse,
    "prediction": schemas.PredictResponse,
}
# Enough concurrent entries to fill batches with texts of similar length.
MAX_TEXTS_IN_FLIGHT: Final = 256
# Concurrent recordings per transcription: while one is transcribed, the next is decoded and the
# previous one is summarized.
RECORDINGS_PER_TRANSCRIPTION: Final = 2


@dataclass(frozen=True)
class BatchOptions:
    """The options of a run, as `_run.json` stores them: fields of the equivalent request."""

    answer: OutputKind = "insight"
    summary: bool = True
    threshold: float | None = None
    language: str | None = None


@dataclass(frozen=True)
class Job:
    """Everything that a shard worker needs, on any machine."""

    source: EntrySource
    folder: RunFolder
    options: BatchOptions
    settings: Settings


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The index of a finished shard, and its numbers of analysed and refused entries."""

    index: int
    answered: int
    refused: int


class ShardWorker:
    """Loads the models once, then analyses shards."""

    def __init__(self, job: Job) -> None:
        self._job = job
        with job.folder.explain_disk_errors():
            self._crash_log = CrashLog(job.folder.path / CRASHES_FOLDER)
        # no admission control and no deadlines: the entries may wait as long as the run takes
        settings = job.settings.model_copy(
            update=dict.fromkeys(
                (
                    "max_wait_seconds",
                    "max_audio_wait_seconds",
                    "transcription_deadline_seconds",
                    "emotion_deadline_seconds",
                    "summary_deadline_seconds",
                ),
                math.inf,
            )
        )
        self._models = create_models(settings, partial(find_model, settings))
        self._models.warm_up()
        self._models.require_all()
        self._loop = asyncio.Runner()

    def run(self, shard: Shard, on_entry: Callable[[], None] = lambda: None) -> ShardResult:
        """Analyse a shard and write its part; `on_entry` is called after each entry."""
        records: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for entry, outcome in self._loop.run(self._analyse(shard, on_entry)):
            if isinstance(outcome, SamoError):
                errors.append(_error_record(entry, outcome))
            elif isinstance(entry, Entry):
                output = outcome.model_dump(exclude_unset=True)
                records.append({**entry.fields, self._job.options.answer: output})
        self._job.folder.commit(shard, records, errors)
        return ShardResult(shard.index, len(records), len(errors))

    def close(self) -> None:
        """Stop the models' threads and delete the crash log."""
        self._models.close()
        self._loop.close()
        self._crash_log.close()

    async def _analyse(
        self, shard: Shard, on_entry: Callable[[], None]
    ) -> list[tuple[Entry | RefusedEntry, BaseModel | SamoError]]:
        """Return each entry of a shard with its output or its error, in order."""
        max_in_flight = self._max_in_flight()
        slots = asyncio.Semaphore(max_in_flight)

        async def run_one(
            entry: Entry | RefusedEntry, slots_taken: int
        ) -> tuple[Entry | RefusedEntry, BaseModel | SamoError]:
            try:
                if isinstance(entry, RefusedEntry):
                    return entry, entry.error
                return entry, await self._outcome(entry)
            finally:
                for _ in range(slots_taken):
                    slots.release()
                on_entry()

        async with asyncio.TaskGroup() as group:
            tasks = []
            for entry in self._job.source.read(shard):
                # an entry that was in progress during a crash takes all slots: it runs on its own
                slots_taken = max_in_flight if self._crash_log.crashes(entry.number) else 1
                for _ in range(slots_taken):
                    await slots.acquire()
                tasks.append(group.create_task(run_one(entry, slots_taken)))
        return [task.result() for task in tasks]

    def _max_in_flight(self) -> int:
        if self._job.source.kind == "audio":
            return RECORDINGS_PER_TRANSCRIPTION * self._job.settings.max_concurrent_transcriptions
        return MAX_TEXTS_IN_FLIGHT

    async def _outcome(self, entry: Entry) -> BaseModel | SamoError:
        if self._crash_log.crashes(entry.number) >= MAX_CRASHES:
            return CrashedProcess()
        self._crash_log.entry_started(entry.number)
        try:
            if isinstance(entry.content, Path):
                return await self._recording_insight(entry.content)
            if self._job.options.answer == "prediction":
                return await self._prediction(entry.content)
            return await self._text_insight(entry.content)
        except SamoError as error:
            return error
        except Exception as error:  # noqa: BLE001  # as over HTTP, any error fails only its entry
            # only the type: the message of an exception may contain the text
            _log.error("entry %d failed: %s", entry.number, type(error).__name__)
            return ModelFailure("Something went wrong on our side; it was logged.")
        finally:
            self._crash_log.entry_finished(entry.number)

    async def _text_insight(self, text: str) -> schemas.InsightResponse:
        options = self._job.options
        with Stopwatch() as stopwatch:
            result = await self._models.pipeline.analyze(
                text, generate_summary=options.summary, threshold=options.threshold
            )
        return responses.insight(result, self._models.tags, stopwatch)

    async def _recording_insight(self, path: Path) -> schemas.InsightResponse:
        options = self._job.options
        data = await asyncio.to_thread(read_recording, path)
        with Stopwatch() as stopwatch:
            result = await self._models.pipeline.analyze_recording(
                data,
                language=options.language,
                generate_summary=options.summary,
                threshold=options.threshold,
            )
        return responses.insight(result, self._models.tags, stopwatch)

    async def _prediction(self, text: str) -> schemas.PredictResponse:
        pipeline = self._models.pipeline
        request = schemas.PredictRequest(
            text=text, groupings=True, threshold=self._job.options.threshold
        )
        with Stopwatch() as stopwatch:
            (outcome,) = await pipeline.classify([text])
        return responses.predict(pipeline.calibration, outcome, request, stopwatch)


def _error_record(entry: Entry | RefusedEntry, error: SamoError) -> dict[str, Any]:
    """Location and error of a refused entry, without its text."""
    file = entry.file if isinstance(entry, RefusedEntry) else None
    if isinstance(entry, Entry) and isinstance(entry.content, Path):
        file = entry.fields["id"]
    location = {"line": entry.number} if file is None else {"line": entry.number, "file": file}
    return {**location, "code": error.code, "message": error.message, "details": error.details}
