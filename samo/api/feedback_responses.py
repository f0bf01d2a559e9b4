"""Convert feedback to the schemas of the HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from samo.api import schemas

if TYPE_CHECKING:
    from samo.feedback.records import StoredFeedback


def page(stored: Sequence[StoredFeedback], limit: int) -> schemas.UserFeedbackResponse:
    """Return a page of at most `limit`; one more in `stored` says that there is a next page."""
    return schemas.UserFeedbackResponse(
        feedback=[_feedback(one) for one in stored[:limit]],
        next=stored[limit - 1].id if len(stored) > limit else None,
    )


def _feedback(stored: StoredFeedback) -> schemas.UserFeedback:
    said, answer = stored.submission, stored.answer
    return schemas.UserFeedback(
        id=stored.id,
        request_id=answer.id.request_id,
        item=answer.id.item,
        created=stored.at,
        consent=said.consent,
        labels=_list(said.labels),
        moods=_list(said.moods),
        summary_rating=said.summary_rating,
        transcript=said.transcript,
        text=said.text,
        predicted=schemas.PredictedNames(
            route=answer.route,
            created=answer.at,
            model=answer.model,
            variant=answer.variant,
            caller=answer.caller,
            labels=_list(answer.labels),
            moods=_list(answer.moods),
        ),
    )


def _list(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else [*names]
