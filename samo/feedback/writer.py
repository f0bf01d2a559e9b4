"""The thread that writes answers, deletes what is too old, and watches the database."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from samo.feedback import store
from samo.feedback.database import reading
from samo.feedback.migration import ensure_tables
from samo.feedback.problems import BUSY, UnusableDatabaseError, reason
from samo.feedback.waiting import WaitingAnswers
from samo.monitoring import metrics
from samo.private_logs import describe
from samo.settings import FeedbackSettings

_log = logging.getLogger("bentoml.samo.feedback")  # below BentoML's logger, which has a handler

DATABASE_ERRORS: Final = (SQLAlchemyError, sqlite3.Error, OSError, UnusableDatabaseError)
"""Whatever the libraries of the database raise."""

# The service starts without the database if that takes longer to answer.
_START_SECONDS: Final = 3.0
# Answers of this time are written together.
_GATHER_SECONDS: Final = 0.1
# An idle database is asked this often whether it still answers.
_WATCH_SECONDS: Final = 15.0
_FIRST_RETRY_SECONDS: Final = 1.0
_LAST_RETRY_SECONDS: Final = 15.0
_DELETE_EVERY_SECONDS: Final = 3600.0
# Pause between two deletions of many rows, in which others can write.
_DELETE_PAUSE_SECONDS: Final = 0.05


class Writer:
    """Writes the waiting answers whenever the database can be used.

    Args:
        url: of the database.
        engine: connections to it.
        settings: how long answers and feedback are kept, and whether tables may be created.
        waiting: the answers.
    """

    def __init__(
        self, url: str, engine: Engine, settings: FeedbackSettings, waiting: WaitingAnswers
    ) -> None:
        self._url = url
        self._engine = engine
        self._settings = settings
        self._waiting = waiting
        self.problem: str | None = "The database of feedback was not opened yet."
        """Why the database cannot be used; None if it can."""
        self._next_deletion = 0.0
        self._was_tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samo-feedback", daemon=True)

    def start(self) -> None:
        """Open the database, and write from now on; wait a little for the first attempt."""
        self._thread.start()
        self._was_tried.wait(_START_SECONDS)

    def close(self, seconds: float) -> None:
        """Write what waits, for at most this time."""
        self._waiting.close()
        if self._thread.is_alive():
            self._thread.join(seconds)
        if left := len(self._waiting):
            metrics.answers_dropped.inc(left)
            _log.warning("%d answers could not be written before the end.", left)

    def report(self, error: BaseException) -> str:
        """The database could not be used; returns the reason. It is tried again soon."""
        metrics.feedback_database_errors.inc()
        problem = reason(error)
        if problem not in (self.problem, BUSY):  # another request may succeed meanwhile
            _log.error("%s Feedback is refused until that is corrected.", problem)
            self.problem = problem
            self._waiting.wake()
        return problem

    def _run(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        self._attempt()
        self._was_tried.set()
        is_open = True
        while is_open:
            if self.problem is None:
                self._waiting.wait(_WATCH_SECONDS)
                is_open = self._waiting.pause(_GATHER_SECONDS)
            else:
                is_open = self._waiting.pause(retry_seconds)
            if self._attempt():
                retry_seconds = _FIRST_RETRY_SECONDS
            else:
                retry_seconds = min(2 * retry_seconds, _LAST_RETRY_SECONDS)

    def _attempt(self) -> bool:
        """Do what there is to do; returns False if the database could not be used."""
        try:
            if self.problem is not None:
                self._engine.dispose()
                ensure_tables(self._url, self._engine, migrate=self._settings.feedback_migrate)
            self._write()
            self._delete_old()
        except DATABASE_ERRORS as error:
            metrics.answers_dropped.inc(self._waiting.give_back())
            self.report(error)
            return False
        if self.problem is not None:
            _log.info("The database of feedback can be used.")
            self.problem = None
        return True

    def _write(self) -> None:
        """Write the waiting answers; ask whether the database answers if there are none."""
        some = self._waiting.take(store.MAX_ROWS)
        if not some:
            with reading(self._engine) as connection:
                connection.execute(text("SELECT 1"))
        while some:
            try:
                with self._engine.begin() as connection:
                    store.save_answers(connection, some)
            except (DataError, IntegrityError) as error:
                # they will never be written, and would hold up all others
                _log.error("%d answers cannot be written: %s", len(some), describe(error))
                metrics.answers_dropped.inc(len(some))
            self._waiting.written()
            some = self._waiting.take(store.MAX_ROWS)

    def _delete_old(self) -> None:
        if time.monotonic() < self._next_deletion:
            return
        now = datetime.now(UTC)
        feedback_before = now - timedelta(days=self._settings.feedback_days)
        answers_before = now - timedelta(days=self._settings.answer_days)
        deleted = store.MAX_ROWS
        while deleted >= store.MAX_ROWS and self._waiting.pause(_DELETE_PAUSE_SECONDS):
            with self._engine.begin() as connection:
                deleted = store.delete_old(connection, feedback_before, answers_before)
        self._next_deletion = time.monotonic() + _DELETE_EVERY_SECONDS
