"""Feedback on predictions: sent, exported and erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic_core import PydanticCustomError

from runners.errors import FeedbackOff, InvalidRequest
from samo.access.identity import key_name
from samo.api import feedback_responses, schemas
from samo.api.form_fields import refusal
from samo.api.routing import Route, json_endpoint
from samo.api.schemas.feedback import check_user
from samo.api.serialization import json_response
from samo.factory import ModelSet

if TYPE_CHECKING:
    from samo.feedback.records import Answer, Submission
    from samo.feedback.service import Feedback

router = APIRouter(route_class=Route, prefix="/feedback", tags=["feedback"])

MAX_PAGE: Final = 1000

_NO_CONSENT: Final = "It is stored only if the person agrees: send consent=true, or leave it out"
_SUMMARIZING: Final = ("/analyze/journal", "/analyze/voice-journal", "/summarize/text")
_TRANSCRIBING: Final = ("/analyze/voice-journal", "/transcribe/voice")

User = Annotated[str, Path(description="The id that was sent as `user`, with the same API key.")]


@router.post("", status_code=201, response_model=schemas.FeedbackResponse)
@json_endpoint
async def send_feedback(request: Request, body: schemas.FeedbackRequest) -> Response:
    """Say what was right about a response.

    At least one of `labels`, `moods`, `summary_rating` and `transcript` is needed. Feedback of the
    same user about the same response and text replaces the earlier one.
    """
    feedback = _feedback(request)
    submission = _submission(key_name(request.scope), body)
    _check_names(request.app.state.models, body)
    created = await feedback.submit(submission, lambda answer: _check_answer(answer, body))
    response = json_response(
        schemas.FeedbackResponse(
            id=submission.id, request_id=body.request_id, item=body.item, created=created
        )
    )
    response.status_code = 201
    return response


@router.get("/{user}", response_model=schemas.UserFeedbackResponse)
async def export_feedback(
    request: Request,
    user: User,
    after: Annotated[
        str, Query(max_length=64, description="`next` of the page before; empty for the first.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Size of a page.")] = 100,
) -> Response:
    """All feedback of a user, with what was predicted."""
    feedback = _feedback(request)
    stored = await feedback.of_user(
        key_name(request.scope), _checked(user), after.replace("\0", ""), limit + 1
    )
    return json_response(feedback_responses.page(stored, limit))


@router.delete("/{user}", response_model=schemas.ErasedResponse)
async def erase_feedback(request: Request, user: User) -> Response:
    """Erase all feedback of a user, and what was predicted for it."""
    erased = await _feedback(request).erase(key_name(request.scope), _checked(user))
    return json_response(schemas.ErasedResponse(erased=erased))


def _feedback(request: Request) -> Feedback:
    feedback: Feedback | None = request.app.state.feedback
    if feedback is None:
        raise FeedbackOff("Feedback is off: set SAMO_FEEDBACK_URL to the database that stores it.")
    return feedback


def _checked(user: str) -> str:
    try:
        return check_user(user)
    except PydanticCustomError as error:
        raise refusal("user", error.message()) from None


def _submission(key: str, body: schemas.FeedbackRequest) -> Submission:
    from samo.feedback.records import AnswerId, Submission

    if not body.consent:
        for name in ("text", "transcript"):
            if getattr(body, name) is not None:
                message = (
                    "It is stored only if the person agrees: send consent=true, or leave it out"
                )
                raise refusal(name, message)
    said = (body.labels, body.moods, body.summary_rating, body.transcript)
    if all(value is None for value in said):
        message = "Send at least one of labels, moods, summary_rating and transcript"
        raise refusal("labels", message)
    return Submission(
        answer=AnswerId(key, body.request_id, body.item),
        user=body.user,
        consent=body.consent,
        labels=body.labels,
        moods=body.moods,
        summary_rating=body.summary_rating,
        transcript=body.transcript,
        text=body.text,
    )


def _check_names(models: ModelSet, body: schemas.FeedbackRequest) -> None:
    calibration = models.pipeline.calibration
    _refuse_unknown("labels", body.labels, calibration.labels)
    _refuse_unknown("moods", body.moods, calibration.moods)


def _refuse_unknown(field: str, names: Sequence[str] | None, known: Sequence[str]) -> None:
    """Refuse names that the model does not have; they are not repeated, as they may be anything."""
    for index, name in enumerate(names or ()):
        if name not in known:
            message = f"The emotion model has no such name: `valid` lists its {field}"
            problem = {"field": f"{field}.{index}", "message": message, "valid": [*known]}
            raise InvalidRequest(f"{field}.{index}: {message}.", errors=[problem])


def _check_answer(answer: Answer, body: schemas.FeedbackRequest) -> None:
    """Refuse what the response did not have."""
    if body.summary_rating is not None and answer.route not in _SUMMARIZING:
        raise refusal("summary_rating", "That response has no summary; leave it out")
    if body.transcript is not None and answer.route not in _TRANSCRIBING:
        raise refusal("transcript", "That response has no transcript; leave it out")
