"""Jobs: recordings of hours, whose result is fetched later."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from pydantic import BeforeValidator

from samo import options
from samo.access.identity import key_name
from samo.api import schemas
from samo.api.event_stream import KEEP_ALIVE_SECONDS, EventStream
from samo.api.form_fields import refusal
from samo.api.job_responses import job_events, job_state
from samo.api.job_work import JobWork
from samo.api.parameters import CallersModels, Language, Upload
from samo.api.routing import Route, SpooledRoute
from samo.api.serialization import json_response
from samo.audio import audio_errors
from samo.jobs.callback import Callback, check_address, parse_callback
from samo.jobs.job import Job, JobKind
from samo.jobs.runner import JobRunner
from samo.jobs.upload import file_of_upload
from samo.settings import Settings

ONE_SAMPLE = np.zeros(1, np.float32)
"""Stands for a recording that is not decoded yet, to check the options."""

# A stream ends this long before the deadline of requests, so that it ends well.
_STREAM_MARGIN_SECONDS = 5.0
_ASK_AGAIN = "open the stream again, or ask for the state without stream=true"


class _Owned:
    """The jobs, and who asks for them."""

    def __init__(self, request: Request) -> None:
        self.jobs: JobRunner = request.app.state.jobs
        self.settings: Settings = request.app.state.settings
        self.owner = key_name(request.scope)

    def state(self, job: Job, status: int = 200) -> Response:
        """The state of a job as the response."""
        response = json_response(job_state(job, self.jobs.store.place))
        response.status_code = status
        return response


async def _owned(request: Request) -> _Owned:
    return _Owned(request)


Owned = Annotated[_Owned, Depends(_owned)]

uploads = APIRouter(route_class=SpooledRoute, prefix="/v1", tags=["jobs"])
router = APIRouter(route_class=Route, prefix="/v1", tags=["jobs"])


@uploads.post("/jobs", status_code=202, response_model=schemas.JobResponse)
async def create_job(
    models: CallersModels,
    owned: Owned,
    audio_file: Upload,
    result: Annotated[
        JobKind,
        BeforeValidator(options.normalize_choice),
        Form(description="What to compute: as /analyze/voice-journal, or as /transcribe/voice."),
    ] = "insight",
    language: Language = None,
    task: Annotated[
        Literal["transcribe", "translate"] | None,
        BeforeValidator(options.normalize_choice),
        Form(description="For a transcription: `transcribe` or `translate` (into English)."),
    ] = None,
    timestamp: Annotated[
        bool | None, Form(description="For a transcription: return the time of every word too.")
    ] = None,
    generate_summary: Annotated[bool | None, Form(description="For an insight.")] = None,
    emotion_threshold: Annotated[
        float | None, Form(ge=0.0, le=1.0, description="For an insight.")
    ] = None,
    callback_url: Annotated[
        str | None, Form(description="Called when the job is done or has failed.")
    ] = None,
) -> Response:
    """Analyse a recording of up to three hours in the background."""
    if result == "insight":
        _refuse(result, task=task, timestamp=timestamp)
    else:
        _refuse(result, generate_summary=generate_summary, emotion_threshold=emotion_threshold)
    if not audio_file.size:
        raise audio_errors.empty()
    callback = await _callback(callback_url, owned.settings)
    work = JobWork(
        models=models,
        settings=owned.settings,
        kind=result,
        language=language,
        task=task or "transcribe",
        timestamp=bool(timestamp),
        generate_summary=generate_summary is not False,
        emotion_threshold=emotion_threshold,
    )
    models.pipeline.transcriber.runner.prepare(work.request(ONE_SAMPLE))
    upload = file_of_upload(audio_file.file, owned.settings.jobs_folder)
    return owned.state(await owned.jobs.submit(owned.owner, result, upload, work, callback), 202)


@router.get("/jobs/{job_id}", response_model=schemas.JobResponse)
async def get_job(
    owned: Owned,
    job_id: str,
    stream: Annotated[
        bool, Query(description="Answer with server-sent events until the job has ended.")
    ] = False,
) -> Response:
    """State and progress of a job."""
    if not stream:
        return owned.state(await owned.jobs.get(job_id, owned.owner))
    seconds = max(0.0, owned.settings.deadline_seconds - _STREAM_MARGIN_SECONDS)
    states = await owned.jobs.watch(job_id, owned.owner, KEEP_ALIVE_SECONDS, seconds)
    return EventStream(job_events(states, owned.jobs.store.place), _ASK_AGAIN)


@router.get(
    "/jobs/{job_id}/result", response_model=schemas.InsightResponse | schemas.TranscriptionResponse
)
async def get_job_result(owned: Owned, job_id: str) -> Response:
    """Result of a job that is done."""
    content = await owned.jobs.result(job_id, owned.owner)
    return Response(content, media_type="application/json")


@router.delete("/jobs/{job_id}", response_model=schemas.JobResponse)
async def delete_job(owned: Owned, job_id: str) -> Response:
    """Cancel a job; delete one that has ended, with its result."""
    return owned.state(await owned.jobs.cancel(job_id, owned.owner))


def _refuse(result: JobKind, **fields: object) -> None:
    """Refuse options of the other kind of result."""
    for name, value in fields.items():
        if value is not None:
            message = f"It has no effect with result={result}; leave it out"
            raise refusal(name, message)


async def _callback(url: str | None, settings: Settings) -> Callback | None:
    if url is None:
        return None
    if settings.callback_secret is None:
        message = "Callbacks are off here; leave it out, or set SAMO_CALLBACK_SECRET"
        raise refusal("callback_url", message)
    callback = parse_callback(url, settings.callback_hosts)
    await check_address(callback)
    return callback
