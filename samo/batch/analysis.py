"""From entries to answers, by the pipeline and the schemas that the service answers with."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from runners.errors import ModelFailure, SamoError
from samo.api import responses, schemas
from samo.batch.crashes import CRASHES_UNTIL_REFUSED, CrashedProcess, CrashLog
from samo.batch.folder import CRASHES, RunFolder
from samo.batch.recordings import read_recording
from samo.batch.sources import Entry, Refused, Shard, Source
from samo.batch.store import stored
from samo.factory import assemble
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.bulk")

Answer = Literal["insight", "prediction"]
ANSWER_SCHEMAS: Final[dict[Answer, type[BaseModel]]] = {
    "insight": schemas.InsightResponse,
    "prediction": schemas.PredictResponse,
}
# Entries that are under way at a time: enough for full batches of like length.
TEXTS_IN_FLIGHT: Final = 256
# Recordings under way for each that is transcribed: the next is decoded meanwhile, the last one
# summarized.
RECORDINGS_IN_FLIGHT: Final = 2


@dataclass(frozen=True)
class Options:
    """What is asked about each entry: fields of `/analyze/journal`, or of `/predict`."""

    answer: Answer = "insight"
    summary: bool = True
    threshold: float | None = None
    language: str | None = None


@dataclass(frozen=True)
class Job:
    """All that a worker needs, on whatever machine it runs."""

    source: Source
    folder: RunFolder
    options: Options
    settings: Settings


@dataclass(frozen=True, slots=True)
class Done:
    """A shard that is finished: how many of its entries were answered, how many refused."""

    index: int
    answered: int
    refused: int


class ShardWorker:
    """Loads the models once, then turns shards into parts of the output."""

    def __init__(self, job: Job) -> None:
        self._job = job
        with job.folder.writing():
            self._crash_log = CrashLog(job.folder.path / CRASHES)
        # what waits here waits for nobody: nothing is refused for a long queue
        settings = job.settings.model_copy(
            update={"max_wait_seconds": math.inf, "max_audio_wait_seconds": math.inf}
        )
        self._models = assemble(settings, stored)
        self._models.warm_up()
        self._loop = asyncio.Runner()

    def run(self, shard: Shard, on_entry: Callable[[], None] = lambda: None) -> Done:
        """Analyse a shard and commit its part. `on_entry` is called after each entry."""
        entries, outcomes = self._loop.run(self._analyse(shard, on_entry))
        answer = self._job.options.answer
        records: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, SamoError):
                errors.append(_error_line(entry, outcome))
            elif isinstance(entry, Entry):
                records.append({**entry.fields, answer: outcome})
        self._job.folder.commit(shard, records, errors)
        return Done(shard.index, len(records), len(errors))

    def close(self) -> None:
        """Let the models go."""
        self._models.close()
        self._loop.close()
        self._crash_log.close()

    async def _analyse(
        self, shard: Shard, on_entry: Callable[[], None]
    ) -> tuple[list[Entry | Refused], list[dict[str, Any] | SamoError]]:
        audio = self._job.source.kind == "audio"
        recordings = RECORDINGS_IN_FLIGHT * self._job.settings.max_concurrent_transcriptions
        places = recordings if audio else TEXTS_IN_FLIGHT
        slots = asyncio.Semaphore(places)

        async def one(entry: Entry | Refused, taken: int) -> dict[str, Any] | SamoError:
            try:
                return entry.error if isinstance(entry, Refused) else await self._answer(entry)
            finally:
                for _ in range(taken):
                    slots.release()
                on_entry()

        entries: list[Entry | Refused] = []
        async with asyncio.TaskGroup() as group:
            tasks = []
            for entry in self._job.source.read(shard):
                # a suspect is analysed alone
                taken = places if self._crash_log.crashes(entry.number) else 1
                for _ in range(taken):
                    await slots.acquire()
                entries.append(entry)
                tasks.append(group.create_task(one(entry, taken)))
        return entries, [task.result() for task in tasks]

    async def _answer(self, entry: Entry) -> dict[str, Any] | SamoError:
        if self._crash_log.crashes(entry.number) >= CRASHES_UNTIL_REFUSED:
            return CrashedProcess()
        content = entry.content
        self._crash_log.begin(entry.number)
        try:
            given = (
                content
                if isinstance(content, str)
                else await asyncio.to_thread(read_recording, content)
            )
            if self._job.options.answer == "prediction":
                return await self._predict(given)
            return await self._insight(given)
        except SamoError as error:
            return error
        except Exception as error:  # noqa: BLE001  # as over HTTP, whatever happens fails one entry
            # by its type: what an exception says may hold the text
            _log.error("entry %d failed: %s", entry.number, type(error).__name__)
            return ModelFailure("Something went wrong on our side; it was logged.")
        finally:
            self._crash_log.end(entry.number)

    async def _insight(self, given: str | bytes) -> dict[str, Any]:
        options, pipeline = self._job.options, self._models.pipeline
        with responses.Stopwatch() as watch:
            if isinstance(given, str):
                made = await pipeline.analyze(
                    given, generate_summary=options.summary, threshold=options.threshold
                )
            else:
                made = await pipeline.analyze_recording(
                    given,
                    language=options.language,
                    generate_summary=options.summary,
                    threshold=options.threshold,
                )
        return responses.insight(made, self._models.tags, watch).model_dump()

    async def _predict(self, given: str | bytes) -> dict[str, Any]:
        assert isinstance(given, str)  # noqa: S101  # command.py takes no recordings for this
        options, pipeline = self._job.options, self._models.pipeline
        request = schemas.PredictRequest(text=given, groupings=True, threshold=options.threshold)
        with responses.Stopwatch() as watch:
            (outcome,) = await pipeline.classify([given])
        response = responses.predict(pipeline.calibration, outcome, request, watch)
        return response.model_dump(exclude_unset=True)


def _error_line(entry: Entry | Refused, error: SamoError) -> dict[str, Any]:
    """What is written about a bad entry: where it stands and what is wrong, never its text."""
    file = entry.file if isinstance(entry, Refused) else None
    if isinstance(entry, Entry) and isinstance(entry.content, Path):
        file = entry.fields["id"]
    place = {"line": entry.number} if file is None else {"line": entry.number, "file": file}
    return {**place, "code": error.code, "message": error.message, "details": error.details}
