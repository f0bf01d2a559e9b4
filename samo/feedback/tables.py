"""The tables of feedback. A change here needs a migration in `migrations/versions/`.

The names have a prefix, because the database may belong to another application too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB


class UtcTime(TypeDecorator[datetime]):
    """A time with a time zone; SQLite has none, so that it stores the time in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The time as the database takes it."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The time with its time zone."""
        if value is None:
            return None
        time: datetime = value
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _names() -> JSON:
    """A list of names of labels or moods; null if there is none."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


metadata: Final = MetaData()

answers: Final = Table(
    "samo_answers",
    metadata,
    # a client may choose the request id, so that it is unique for its key only
    Column("key", String, primary_key=True),  # Name of the API key; empty without keys.
    Column("request_id", String, primary_key=True),
    Column("item", Integer, primary_key=True),  # Index of the text in /predict_batch, or 0.
    Column("at", UtcTime, nullable=False),
    Column("route", String, nullable=False),
    Column("model", String, nullable=False),  # Tag of the emotion classifier.
    Column("variant", String, nullable=False),  # Of an A/B experiment; 'a' without one.
    Column("caller", String),  # Pseudonym in an A/B experiment; null outside of one.
    Column("labels", _names()),  # Predicted labels; null if the route predicts none.
    Column("moods", _names()),  # Predicted moods; null if the route predicts none.
    Index("samo_answers_at", "at"),
)

feedback: Final = Table(
    "samo_feedback",
    metadata,
    Column("id", String(32), primary_key=True),  # Hash of what the feedback is about.
    Column("key", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("item", Integer, nullable=False),
    Column("user", String),  # The application's own id of a person; unique for its key.
    Column("at", UtcTime, nullable=False),
    Column("consent", Boolean, nullable=False),
    Column("labels", _names()),  # Labels that the person says are right.
    Column("moods", _names()),  # Moods that the person says are right.
    Column("summary_rating", SmallInteger),  # From 1 to 5.
    Column("transcript", Text),  # Corrected transcript; only with consent.
    Column("text", Text),  # The entry or sentence; only with consent.
    ForeignKeyConstraint(
        ["key", "request_id", "item"],
        [answers.c.key, answers.c.request_id, answers.c.item],
        name="samo_feedback_answer",
    ),
    Index("samo_feedback_of_answer", "key", "request_id", "item"),
    Index("samo_feedback_user", "key", "user", "id"),
    Index("samo_feedback_at", "at"),
)
