"""Records what was predicted, so that people can send feedback on it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samo.access.identity import key_name
from samo.monitoring.request_record import RequestRecord, current

if TYPE_CHECKING:
    from samo.feedback.records import Answer
    from samo.feedback.service import Feedback

ROUTES: Final = frozenset(
    (
        "/analyze/journal",
        "/analyze/voice-journal",
        "/predict",
        "/predict_batch",
        "/summarize/text",
        "/transcribe/voice",
    )
)
"""The routes on whose responses people can send feedback."""


class AnswerMiddleware:
    """ASGI middleware: hands the predictions of a response over before the response is sent.

    So feedback that follows at once finds them.

    Args:
        app: The routes; they note their predictions.
        feedback: Writes them later.
    """

    def __init__(self, app: ASGIApp, feedback: Feedback) -> None:
        self._app = app
        self._feedback = feedback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        record = current.get()
        if record is None or scope["type"] != "http" or scope["path"] not in ROUTES:
            await self._app(scope, receive, send)
            return
        record.predictions = []

        async def record_and_send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self._feedback.record(self._answers(scope, record))
            await send(message)

        await self._app(scope, receive, record_and_send)

    def _answers(self, scope: Scope, record: RequestRecord) -> list[Answer]:
        from samo.feedback.records import Answer, AnswerId

        key, at = key_name(scope), datetime.now(UTC)
        return [
            Answer(
                id=AnswerId(key, record.id, item),
                at=at,
                route=scope["path"],
                model=record.emotion_model,
                variant=record.variant,
                caller=record.caller,
                labels=prediction.labels,
                moods=prediction.moods,
            )
            for item, prediction in enumerate(record.predictions or ())
            if prediction is not None
        ]
