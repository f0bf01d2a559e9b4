"""The client for asyncio. scripts/clients makes `_client.py` of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, Unpack

from pydantic import BaseModel

from samo_client import _calls, models
from samo_client._async_jobs import AsyncJobs
from samo_client._calls import Entry
from samo_client._live_protocol import needing_websockets
from samo_client._uploads import Progress, Recording
from samo_client.live import LiveOptions

if TYPE_CHECKING:  # needs the package websockets
    from samo_client._async_live import AsyncLiveSession


class AsyncSamo(AsyncJobs):
    """A client of SAMO for asyncio. Use it in an `async with` block, or await `close`.

    Args:
        url: Of the service; by default the variable SAMO_URL, or http://localhost:3000.
        api_key: By default the variable SAMO_API_KEY.
        timeout: Seconds for a response.
        max_retries: How often a request is sent again if the service is busy or the connection
            broke. A request that only computes something may be repeated; after a broken
            connection `create_job` is not.
        max_retry_wait: Seconds; if the service asks to wait longer, its error is raised at once.
        http_client: An `httpx.AsyncClient` of your own, for proxies and certificates. It is not
            closed.

    Every method raises a `SamoError`; see `samo_client.errors`.
    """

    async def analyze(
        self, text: str, *, summary: bool = True, threshold: float | None = None
    ) -> models.InsightResponse:
        """The insight of a typed entry: emotions, moods, their arc, a summary.

        Args:
            text: 1 to 20,000 characters.
            summary: If false, the insight has no summary.
            threshold: Of all labels, from 0 to 1; by default each label has its tuned threshold.

        """
        return await self._send(_calls.analyze(text, summary=summary, threshold=threshold))

    async def analyze_recording(
        self,
        recording: Recording,
        *,
        language: str | None = None,
        summary: bool = True,
        threshold: float | None = None,
        on_progress: Progress | None = None,
    ) -> models.InsightResponse:
        """The insight of a spoken entry, with its transcript.

        Args:
            recording: A path, bytes or an open file, in any audio format.
            language: A code such as "en"; detected by default.
            summary: As for `analyze`.
            threshold: As for `analyze`.
            on_progress: Called while the recording is sent, with the bytes sent and all bytes.

        """
        return await self._send(
            _calls.analyze_recording(
                recording,
                language=language,
                summary=summary,
                threshold=threshold,
                on_progress=on_progress,
            )
        )

    async def transcribe(
        self,
        recording: Recording,
        *,
        language: str | None = None,
        task: Literal["transcribe", "translate"] = "transcribe",
        words: bool = False,
        on_progress: Progress | None = None,
    ) -> models.TranscriptionResponse:
        """The transcript of a recording, or its translation into English.

        Args:
            recording: A path, bytes or an open file, in any audio format.
            language: A code such as "en"; detected by default.
            task: "translate" returns English.
            words: Add the time of each word.
            on_progress: Called while the recording is sent, with the bytes sent and all bytes.

        """
        return await self._send(
            _calls.transcribe(
                recording, language=language, task=task, words=words, on_progress=on_progress
            )
        )

    async def predict(
        self,
        text: str,
        *,
        threshold: float | None = None,
        top_k: int | None = None,
        groupings: bool = False,
        explain: bool = False,
    ) -> models.PredictResponse:
        """The emotions of a text.

        Args:
            text: 1 to 20,000 characters.
            threshold: Of all labels, from 0 to 1; by default each label has its tuned threshold.
            top_k: At most this many emotions.
            groupings: Add Ekman's emotions, sentiments and moods.
            explain: Add the words that carried each emotion.

        """
        return await self._send(
            _calls.predict(
                text, threshold=threshold, top_k=top_k, groupings=groupings, explain=explain
            )
        )

    async def predict_batch(
        self,
        texts: Iterable[str],
        *,
        threshold: float | None = None,
        top_k: int | None = None,
        groupings: bool = False,
    ) -> models.PredictBatchResponse:
        """The emotions of up to 128 texts; a text that cannot be used has an error instead."""
        return await self._send(
            _calls.predict_batch(texts, threshold=threshold, top_k=top_k, groupings=groupings)
        )

    async def summarize(
        self, text: str, *, max_sentences: int = 2, focus: Literal["core", "gist"] = "core"
    ) -> models.SummaryResponse:
        """A summary of a text, of 1 to 10 sentences."""
        return await self._send(_calls.summarize(text, max_sentences=max_sentences, focus=focus))

    async def trends(self, entries: Iterable[Entry]) -> models.TrendsResponse:
        """Changes and patterns of a journal's emotions and moods over time.

        Args:
            entries: Pairs of a date (or a datetime, or text in ISO 8601) and an insight; or
                `models.TrendsEntry`. Insights without emotions are left out.

        """
        return await self._send(_calls.trends(entries))

    async def send_feedback(
        self,
        response: BaseModel | str,
        *,
        item: int = 0,
        labels: Iterable[str] | None = None,
        moods: Iterable[str] | None = None,
        summary_rating: int | None = None,
        transcript: str | None = None,
        text: str | None = None,
        user: str | None = None,
        consent: bool = False,
    ) -> models.FeedbackResponse:
        """Say what was right about a response.

        Args:
            response: Of `analyze`, `analyze_recording`, `transcribe`, `predict`, `predict_batch` or
                `summarize`; or its request id.
            item: Which text of `predict_batch`, from 0.
            labels: The emotions that are right.
            moods: The moods that are right.
            summary_rating: From 1 to 5.
            transcript: Corrected; needs `consent`.
            text: The entry or sentence that `labels` and `moods` are about; needs `consent`.
            user: Your own id of the person.
            consent: Whether the person agrees that `text` and `transcript` are stored.

        """
        return await self._send(
            _calls.send_feedback(
                response,
                labels=labels,
                moods=moods,
                item=item,
                summary_rating=summary_rating,
                transcript=transcript,
                text=text,
                user=user,
                consent=consent,
            )
        )

    async def export_feedback(
        self, user: str, *, after: str | None = None, limit: int | None = None
    ) -> models.UserFeedbackResponse:
        """All that is stored about a user, in pages.

        Args:
            user: Your own id of the person, as in `send_feedback`.
            after: `next` of the page before.
            limit: How much feedback a page has at most.

        """
        return await self._send(_calls.export_feedback(user, after=after, limit=limit))

    async def erase_feedback(self, user: str) -> models.ErasedResponse:
        """Erase all feedback of a user, with the predictions that it is about.

        Args:
            user: Your own id of the person, as in `send_feedback`.

        """
        return await self._send(_calls.erase_feedback(user))

    def live(self, **options: Unpack[LiveOptions]) -> AsyncLiveSession:
        """A live session, which transcribes speech while it is spoken; for an `async with` block.

        Needs the package websockets: `pip install "samo-client[live]"`.

        Args:
            options: See `LiveOptions` of `samo_client.live`.

        """
        with needing_websockets():
            from samo_client._async_live import AsyncLiveSession

        return AsyncLiveSession(self._configuration, options)

    async def live_token(
        self, *, seconds: int = 60, **options: Unpack[LiveOptions]
    ) -> models.ClientSecretResponse:
        """A token (`value`) with which a browser may open a live session, without your API key.

        Args:
            seconds: How long sessions may be opened with it, from 10 to 60.
            options: Of its sessions; not `prompt` and `keywords`, which the token would show.

        """
        return await self._send(_calls.live_token(seconds=seconds, options=options))

    async def health(self) -> models.HealthResponse:
        """State of the service."""
        return await self._send(_calls.health())

    async def served_models(self) -> dict[str, models.ModelStatus]:
        """The service's models, with their metadata."""
        return await self._send(_calls.served_models())
