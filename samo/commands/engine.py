"""Where entries are analysed: in this process, or by a service. Both return the API's responses."""

from __future__ import annotations

import argparse
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from pydantic import ValidationError

from runners.errors import SamoError, StartError
from samo import private_logs
from samo.api.stopwatch import Stopwatch
from samo.commands.console import messages, working
from samo.commands.errors import REFUSED, UNAVAILABLE, CommandError
from samo.commands.options import AnalysisOptions
from samo.settings import ClientSettings, Settings


class Engine(Protocol):
    """Analyses entries.

    Both methods return the body of the response of the equivalent route. They raise a
    `CommandError` with the status `REFUSED` if this entry cannot be used, and with `UNAVAILABLE`
    if no other could be analysed either.
    """

    texts_in_flight: int
    """Texts to analyse at the same time."""
    recordings_in_flight: int

    async def analyze_text(self, text: str, options: AnalysisOptions) -> dict[str, Any]:
        """The response of `POST /analyze/journal`."""
        ...

    async def analyze_recording(self, data: bytes, options: AnalysisOptions) -> dict[str, Any]:
        """The response of `POST /analyze/voice-journal`."""
        ...


@asynccontextmanager
async def open_engine(args: argparse.Namespace) -> AsyncIterator[Engine]:
    """The engine that `--url`, `SAMO_URL` or their absence select."""
    settings = ClientSettings()
    if url := args.url or settings.url:
        from samo.commands.remote import RemoteEngine

        key = args.api_key or (settings.api_key.get_secret_value() if settings.api_key else None)
        async with RemoteEngine.connected(url, key) as remote:
            yield remote
        return
    if args.api_key:
        raise CommandError("--api-key is the key of a service: add its --url.", 2)
    if settings.api_key:  # other clients, which have a default URL, may read it in the same shell
        messages().print("SAMO_API_KEY has no effect without SAMO_URL: analysing in this process.")
    with working("Loading the models …"):
        local = LocalEngine()
    try:
        yield local
    finally:
        local.close()


class LocalEngine:
    """The pipeline in this process, with the settings `SAMO_*` of the service.

    Raises:
        CommandError: A setting is invalid, or a model is missing or damaged.
    """

    def __init__(self) -> None:
        # slow to import; `--url` and `--help` need none of it
        from samo.batch.entries import BatchRunError
        from samo.batch.store import find_model
        from samo.factory import create_models

        private_logs.install()
        try:
            # no admission control: the entries may wait as long as the command takes
            settings = Settings.load().model_copy(
                update={"max_wait_seconds": math.inf, "max_audio_wait_seconds": math.inf}
            )
            self._models = create_models(settings, partial(find_model, settings))
            self._models.warm_up()
        except (StartError, BatchRunError) as error:
            raise CommandError(str(error), UNAVAILABLE) from None
        self.texts_in_flight = 32
        self.recordings_in_flight = 2 * settings.max_concurrent_transcriptions

    async def analyze_text(self, text: str, options: AnalysisOptions) -> dict[str, Any]:
        """The insight of a typed entry."""
        from samo.api import responses, schemas
        from samo.api.validation import body_error

        try:
            entry = schemas.JournalRequest.model_validate({"text": text}).text
        except ValidationError as error:
            raise _refused(body_error(error, schemas.JournalRequest)) from None
        with Stopwatch() as stopwatch:
            try:
                result = await self._models.pipeline.analyze(
                    entry, generate_summary=options.summary, threshold=options.threshold
                )
            except SamoError as error:
                raise _refused(error) from None
        response = responses.insight(result, self._models.tags, stopwatch)
        return response.model_dump(mode="json", exclude_unset=True)

    async def analyze_recording(self, data: bytes, options: AnalysisOptions) -> dict[str, Any]:
        """The insight of a spoken entry."""
        from samo.api import responses

        with Stopwatch() as stopwatch:
            try:
                result = await self._models.pipeline.analyze_recording(
                    data,
                    language=options.language,
                    generate_summary=options.summary,
                    threshold=options.threshold,
                )
            except SamoError as error:
                raise _refused(error) from None
        response = responses.insight(result, self._models.tags, stopwatch)
        return response.model_dump(mode="json", exclude_unset=True)

    def close(self) -> None:
        """Stop the models' threads."""
        self._models.close()


def _refused(error: SamoError) -> CommandError:
    """The error of an entry; of a model that failed, if the entry is not to blame."""
    return CommandError(error.message, REFUSED if error.status < 500 else UNAVAILABLE)
