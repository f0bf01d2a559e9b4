"""The statements on the tables of feedback, each within a transaction of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    exists,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from samo.feedback.records import Answer, AnswerId, StoredFeedback, Submission
from samo.feedback.tables import answers, feedback

# A statement of SQLite has at most 32,766 values, and an answer has ten.
MAX_ROWS: Final = 1000

_ANSWER_ID: Final = (answers.c.key, answers.c.request_id, answers.c.item)
_IS_OF_ANSWER: Final = and_(
    feedback.c.key == answers.c.key,
    feedback.c.request_id == answers.c.request_id,
    feedback.c.item == answers.c.item,
)


def save_answers(connection: Connection, some: Sequence[Answer]) -> None:
    """Store at most `MAX_ROWS` answers with distinct ids; a later one replaces an earlier one."""
    _upsert(
        connection,
        answers,
        [
            {
                **one.id._asdict(),
                "at": one.at,
                "route": one.route,
                "model": one.model,
                "variant": one.variant,
                "caller": one.caller,
                "labels": _list(one.labels),
                "moods": _list(one.moods),
            }
            for one in some
        ],
    )


def find_answer(connection: Connection, answer: AnswerId, since: datetime) -> Answer | None:
    """The answer, locked until the end of the transaction; None if there is none since then."""
    statement = select(answers).where(tuple_(*_ANSWER_ID) == tuple(answer), answers.c.at >= since)
    row = connection.execute(statement.with_for_update(read=True)).one_or_none()
    return None if row is None else _answer(row)


def save_feedback(connection: Connection, submission: Submission, at: datetime) -> None:
    """Store feedback on an answer that is stored; it replaces feedback with the same id."""
    row = {
        "id": submission.id,
        **submission.answer._asdict(),
        "user": submission.user,
        "at": at,
        "consent": submission.consent,
        "labels": _list(submission.labels),
        "moods": _list(submission.moods),
        "summary_rating": submission.summary_rating,
        "transcript": submission.transcript,
        "text": submission.text,
    }
    _upsert(connection, feedback, [row])


def feedback_of(
    connection: Connection, key: str, user: str, after: str, limit: int
) -> list[StoredFeedback]:
    """The feedback of a user of a key, ordered by id, from the first id after `after`."""
    statement = (
        with_answers()
        .where(feedback.c.key == key, feedback.c.user == user, feedback.c.id > after)
        .order_by(feedback.c.id)
        .limit(limit)
    )
    return [stored(row) for row in connection.execute(statement)]


def keys_of(connection: Connection, user: str) -> list[str]:
    """The names of the API keys under which there is feedback of this user."""
    statement = select(feedback.c.key).distinct().where(feedback.c.user == user)
    return sorted(connection.scalars(statement))


def erase(connection: Connection, key: str, user: str) -> int:
    """Delete the feedback of a user of a key, and its answers; returns the number of feedback."""
    is_theirs = and_(feedback.c.key == key, feedback.c.user == user)
    about = connection.execute(
        select(feedback.c.key, feedback.c.request_id, feedback.c.item).distinct().where(is_theirs)
    ).all()
    erased = connection.execute(delete(feedback).where(is_theirs)).rowcount
    for start in range(0, len(about), MAX_ROWS):
        ids = [tuple(row) for row in about[start : start + MAX_ROWS]]
        connection.execute(
            delete(answers).where(
                tuple_(*_ANSWER_ID).in_(ids), ~exists().where(_IS_OF_ANSWER).correlate(answers)
            )
        )
    return erased


def delete_old(connection: Connection, feedback_before: datetime, answers_before: datetime) -> int:
    """Delete at most `MAX_ROWS` of each: old feedback, and old answers without feedback.

    Returns the number of deleted rows.
    """
    old = select(feedback.c.id).where(feedback.c.at < feedback_before).limit(MAX_ROWS)
    deleted = connection.execute(delete(feedback).where(feedback.c.id.in_(old))).rowcount
    unused = (
        select(*_ANSWER_ID)
        .where(answers.c.at < answers_before, ~exists().where(_IS_OF_ANSWER))
        .limit(MAX_ROWS)
    )
    statement = delete(answers).where(tuple_(*_ANSWER_ID).in_(unused))
    return deleted + connection.execute(statement).rowcount


def with_answers() -> Select[Any]:
    """Selects feedback with its answers, for `stored`."""
    return select(feedback, *(column.label(f"answer_{column.name}") for column in answers.c)).join(
        answers, _IS_OF_ANSWER
    )


def stored(row: Row[Any]) -> StoredFeedback:
    """A row of `with_answers`."""
    answer_id = AnswerId(row.key, row.request_id, row.item)
    return StoredFeedback(
        id=row.id,
        at=row.at,
        submission=Submission(
            answer=answer_id,
            user=row.user,
            consent=row.consent,
            labels=row.labels,
            moods=row.moods,
            summary_rating=row.summary_rating,
            transcript=row.transcript,
            text=row.text,
        ),
        answer=Answer(
            id=answer_id,
            at=row.answer_at,
            route=row.answer_route,
            model=row.answer_model,
            variant=row.answer_variant,
            caller=row.answer_caller,
            labels=row.answer_labels,
            moods=row.answer_moods,
        ),
    )


def _answer(row: Row[Any]) -> Answer:
    return Answer(
        AnswerId(row.key, row.request_id, row.item),
        row.at,
        row.route,
        row.model,
        row.variant,
        row.caller,
        row.labels,
        row.moods,
    )


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; a row with the same primary key is replaced."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(rows)
    others = [column.name for column in table.c if not column.primary_key]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[*table.primary_key],
            set_={name: statement.excluded[name] for name in others},
        )
    )


def _list(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else [*names]
