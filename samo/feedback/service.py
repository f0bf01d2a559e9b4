"""Feedback as the routes use it: asynchronous, and refused while the database cannot be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from runners.errors import AnswerNotFound, FeedbackUnavailable
from samo.ab.agreement import agreement
from samo.feedback import store
from samo.feedback.database import (
    MAX_CONNECTIONS,
    REQUEST_SECONDS,
    forget_deleted,
    is_sqlite,
    open_engine,
    reading,
)
from samo.feedback.problems import is_conflict
from samo.feedback.records import Answer, StoredFeedback, Submission
from samo.feedback.waiting import WaitingAnswers
from samo.feedback.writer import DATABASE_ERRORS, Writer
from samo.monitoring import ab_metrics, metrics
from samo.settings import FeedbackSettings

Result = TypeVar("Result")

# Requests that wait for a connection, or have one; further ones are refused.
_MAX_REQUESTS: Final = 64
# Another instance writes its answers within this time, so an id is unknown only after it.
_OTHER_INSTANCE_SECONDS: Final = (0.25, 1.0)
_ATTEMPTS: Final = 3
_CLOSE_SECONDS: Final = 3.0


class Feedback:
    """Stores answers and feedback.

    Args:
        settings: with a `feedback_url`.

    Raises:
        StartError: The URL cannot be used.
    """

    def __init__(self, settings: FeedbackSettings) -> None:
        assert settings.feedback_url is not None  # noqa: S101  # for mypy
        url = settings.feedback_url.get_secret_value()
        self._settings = settings
        self._engine: Engine = open_engine(url)
        self._waiting = WaitingAnswers()
        self._writer = Writer(url, self._engine, settings, self._waiting)
        # Of its own: a database that hangs must not occupy the threads of other work. A SQLite file
        # has one writer at a time, and threads that wait for its lock sleep for too long.
        threads = 1 if is_sqlite(self._engine.url) else MAX_CONNECTIONS
        self._threads = ThreadPoolExecutor(threads, "samo-feedback-request")
        self._requests = 0

    @property
    def problem(self) -> str | None:
        """Why the database cannot be used; None if it can."""
        return self._writer.problem

    def start(self) -> None:
        """Open the database; if that fails, it is tried again in the background."""
        metrics.answers_waiting.set_function(lambda: len(self._waiting))
        metrics.feedback_ready.set_function(lambda: self.problem is None)
        self._writer.start()

    def close(self) -> None:
        """Write the answers that wait, for a few seconds, and close the connections."""
        self._writer.close(_CLOSE_SECONDS)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def record(self, some: Iterable[Answer]) -> None:
        """Have the answers written later. It neither waits nor fails."""
        if dropped := self._waiting.add(some):
            metrics.answers_dropped.inc(dropped)

    async def submit(self, submission: Submission, check: Callable[[Answer], None]) -> datetime:
        """Store feedback; returns the time of it. When this returns, it is on the disk.

        Args:
            submission: the feedback.
            check: raises an error if the answer does not have what the feedback is about.

        Raises:
            AnswerNotFound: There is no such answer, or it is too old.
            FeedbackUnavailable: The database cannot be used.
        """
        at = datetime.now(UTC)
        since = at - timedelta(days=self._settings.answer_days)
        waiting = self._waiting.find(submission.answer)

        def write(connection: Connection) -> Answer | None:
            if waiting is not None:
                store.save_answers(connection, [waiting])
            answer = store.find_answer(connection, submission.answer, since)
            if answer is not None:
                check(answer)
                store.save_feedback(connection, submission, at)
            return answer

        answer = await self._in_transaction(write)
        for seconds in _OTHER_INSTANCE_SECONDS:
            if answer is not None:
                break
            await asyncio.sleep(seconds)
            answer = await self._in_transaction(write)
        if answer is None:
            raise AnswerNotFound(
                f"{_not_found(submission.answer.item)} send the X-Request-ID of a response of "
                "/analyze, /predict, /summarize or /transcribe, with the same API key, within "
                f"{self._settings.answer_days:g} days.",
                kept_days=self._settings.answer_days,
            )
        metrics.feedback.labels(answer.route).inc()
        for kind in submission.kinds:
            metrics.feedback_kinds.labels(kind).inc()
        _observe_agreement(answer, submission)
        return at

    async def of_user(self, key: str, user: str, after: str, limit: int) -> list[StoredFeedback]:
        """The feedback of a user of a key, in pages; raises `FeedbackUnavailable`."""

        def read() -> list[StoredFeedback]:
            with reading(self._engine) as connection:
                return store.feedback_of(connection, key, user, after, limit)

        return await self._call(read)

    async def erase(self, key: str, user: str) -> int:
        """Delete the feedback of a user of a key, with the predictions that it is about.

        Returns the number of deleted feedback; raises `FeedbackUnavailable`.
        """
        erased = await self._in_transaction(lambda one: store.erase(one, key, user))
        if erased:
            await self._call(lambda: forget_deleted(self._engine))
        return erased

    async def _in_transaction(self, work: Callable[[Connection], Result]) -> Result:
        """Commit `work`; repeat it if another transaction was in its way."""

        def transact() -> Result:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    with self._engine.begin() as connection:
                        return work(connection)
                except SQLAlchemyError as error:
                    # the answer was deleted in between, or a deadlock was resolved
                    is_passing = isinstance(error, IntegrityError) or is_conflict(error)
                    if not is_passing or attempt == _ATTEMPTS:
                        raise
            raise AssertionError  # for mypy: the last attempt returns or raises

        return await self._call(transact)

    async def _call(self, function: Callable[[], Result]) -> Result:
        """Run `function` in a thread, with a time limit."""
        if self.problem is not None:
            raise _unavailable(self.problem)
        if self._requests >= _MAX_REQUESTS:
            raise _unavailable("Too many requests wait for the database of feedback.")
        self._requests += 1
        try:
            async with asyncio.timeout(2 * REQUEST_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._threads, function)
        except DATABASE_ERRORS as error:  # includes the time limit
            raise _unavailable(self._writer.report(error)) from None
        finally:
            self._requests -= 1


def _unavailable(problem: str) -> FeedbackUnavailable:
    return FeedbackUnavailable(f"{problem} Try again after the time in Retry-After.")


def _not_found(item: int) -> str:
    if not item:
        return "There is no prediction with this request id:"
    return (
        f"There is no prediction for item {item} of this request id: the items are the texts of "
        "/predict_batch, counted from 0, without those that were refused. Leave item out for other "
        "routes, and"
    )


def _observe_agreement(answer: Answer, submission: Submission) -> None:
    """Count how well an answer of an A/B experiment agrees with the feedback on it."""
    if answer.caller is not None and answer.labels and submission.labels:
        score = agreement(answer.labels, submission.labels)
        ab_metrics.agreement.labels(answer.variant).observe(score)
