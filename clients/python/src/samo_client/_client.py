"""The client. Generated from `_async_client.py` by scripts/clients: do not edit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx

from samo_client import _calls, models
from samo_client._calls import Call, Entry, JobResult
from samo_client._transport import (
    DEFAULT_TIMEOUT,
    FIRST_POLL_SECONDS,
    Configuration,
    next_poll,
    read,
    transport_error,
)
from samo_client._uploads import Progress, Recording, open_upload
from samo_client.errors import SamoError

T = TypeVar("T")


class Samo:
    """A client of SAMO. Use it in a `with` block, or call `close`.

    Args:
        url: Of the service; by default the variable SAMO_URL, or http://localhost:3000.
        api_key: By default the variable SAMO_API_KEY.
        timeout: Seconds for a response.
        max_retries: How often a request is sent again if the service is busy or the connection
            broke. A request that only computes something may be repeated; after a broken
            connection `create_job` is not.
        max_retry_wait: Seconds; if the service asks to wait longer, its error is raised at once.
        http_client: An `httpx.Client` of your own, for proxies and certificates. It is not
            closed.

    Every method raises a `SamoError`; see `samo_client.errors`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = 2,
        max_retry_wait: float = 60.0,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._configuration = Configuration.of(url, api_key, timeout, max_retries, max_retry_wait)
        self._http = http_client or httpx.Client()
        self._owns_http = http_client is None

    def analyze(
        self, text: str, *, summary: bool = True, threshold: float | None = None
    ) -> models.InsightResponse:
        """The insight of a typed entry: emotions, moods, their arc, a summary.

        Args:
            text: 1 to 20,000 characters.
            summary: If false, the insight has no summary.
            threshold: Of all labels, from 0 to 1; by default each label has its tuned threshold.

        """
        return self._send(_calls.analyze(text, summary=summary, threshold=threshold))

    def analyze_recording(
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
        return self._send(
            _calls.analyze_recording(
                recording,
                language=language,
                summary=summary,
                threshold=threshold,
                on_progress=on_progress,
            )
        )

    def transcribe(
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
        return self._send(
            _calls.transcribe(
                recording, language=language, task=task, words=words, on_progress=on_progress
            )
        )

    def predict(
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
        return self._send(
            _calls.predict(
                text, threshold=threshold, top_k=top_k, groupings=groupings, explain=explain
            )
        )

    def predict_batch(
        self,
        texts: Iterable[str],
        *,
        threshold: float | None = None,
        top_k: int | None = None,
        groupings: bool = False,
    ) -> models.PredictBatchResponse:
        """The emotions of up to 128 texts; a text that cannot be used has an error instead."""
        return self._send(
            _calls.predict_batch(texts, threshold=threshold, top_k=top_k, groupings=groupings)
        )

    def summarize(
        self, text: str, *, max_sentences: int = 2, focus: Literal["core", "gist"] = "core"
    ) -> models.SummaryResponse:
        """A summary of a text, of 1 to 10 sentences."""
        return self._send(_calls.summarize(text, max_sentences=max_sentences, focus=focus))

    def trends(self, entries: Iterable[Entry]) -> models.TrendsResponse:
        """Changes and patterns of a journal's emotions and moods over time.

        Args:
            entries: Pairs of a date (or a datetime, or text in ISO 8601) and an insight; or
                `models.TrendsEntry`. Insights without emotions are left out.

        """
        return self._send(_calls.trends(entries))

    def health(self) -> models.HealthResponse:
        """State of the service."""
        return self._send(_calls.health())

    def served_models(self) -> dict[str, models.ModelStatus]:
        """The service's models, with their metadata."""
        return self._send(_calls.served_models())

    def create_job(
        self,
        recording: Recording,
        *,
        result: Literal["insight", "transcription"] = "insight",
        language: str | None = None,
        summary: bool | None = None,
        threshold: float | None = None,
        task: Literal["transcribe", "translate"] | None = None,
        words: bool | None = None,
        callback_url: str | None = None,
        on_progress: Progress | None = None,
    ) -> models.JobResponse:
        """Start a job, for recordings of up to hours; it is computed in the background.

        Args:
            recording: A path, bytes or an open file, in any audio format.
            result: What to compute.
            language: A code such as "en"; detected by default.
            summary: For an insight, as for `analyze`.
            threshold: For an insight, as for `analyze`.
            task: For a transcription, as for `transcribe`.
            words: For a transcription, as for `transcribe`.
            callback_url: Called when the job has ended.
            on_progress: Called while the recording is sent, with the bytes sent and all bytes.

        """
        fields = {
            "language": language,
            "generate_summary": summary,
            "emotion_threshold": threshold,
            "task": task,
            "timestamp": words,
            "callback_url": callback_url,
        }
        return self._send(
            _calls.create_job(recording, result=result, on_progress=on_progress, fields=fields)
        )

    def get_job(self, job_id: str) -> models.JobResponse:
        """State and progress of a job."""
        return self._send(_calls.get_job(job_id))

    def wait_for_job(
        self, job_id: str, on_update: Callable[[models.JobResponse], None] | None = None
    ) -> JobResult:
        """Wait until a job is done, and return its result.

        Args:
            job_id: Of the job.
            on_update: Called with the job's state each time it was asked for.

        Raises:
            JobFailed: It has ended without a result.

        """
        wait = FIRST_POLL_SECONDS
        while True:
            job = self.get_job(job_id)
            if on_update:
                on_update(job)
            if (next_wait := next_poll(job, wait)) is None:
                return self.job_result(job_id)
            time.sleep(wait)
            wait = next_wait

    def job_result(self, job_id: str) -> JobResult:
        """The result of a job that is done: an insight, or a transcription."""
        return self._send(_calls.job_result(job_id))

    def delete_job(self, job_id: str) -> models.JobResponse:
        """Cancel a job that waits or runs; delete one that has ended, with its result."""
        return self._send(_calls.delete_job(job_id))

    def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            try:
                return read(call, self._request(call))
            except SamoError as error:
                wait = self._configuration.retry_wait(call, error, attempt)
                if wait is None:
                    raise
            time.sleep(wait)
            attempt += 1

    def _request(self, call: Call[T]) -> httpx.Response:
        configuration = self._configuration
        url = f"{configuration.url}{call.path}"
        headers, timeout = configuration.headers, configuration.timeout
        try:
            if call.recording is None:
                return self._http.request(
                    call.method, url, json=call.json(), headers=headers, timeout=timeout
                )
            with open_upload(call.recording, call.on_progress) as file:
                return self._http.request(
                    call.method,
                    url,
                    data=call.form(),
                    files={"audio_file": file},
                    headers=headers,
                    timeout=timeout,
                )
        except httpx.TransportError as error:
            raise transport_error(error) from error
