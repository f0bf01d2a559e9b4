"""Answers, and the feedback on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    names = sa.JSON().with_variant(JSONB(), "postgresql")
    time = sa.DateTime(timezone=True)
    op.create_table(
        "samo_answers",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("request_id", sa.String, primary_key=True),
        sa.Column("item", sa.Integer, primary_key=True),
        sa.Column("at", time, nullable=False),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("variant", sa.String, nullable=False),
        sa.Column("labels", names),
        sa.Column("moods", names),
    )
    op.create_index("samo_answers_at", "samo_answers", ["at"])
    answer = ["key", "request_id", "item"]
    op.create_table(
        "samo_feedback",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("item", sa.Integer, nullable=False),
        sa.Column("user", sa.String),
        sa.Column("at", time, nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("labels", names),
        sa.Column("moods", names),
        sa.Column("summary_rating", sa.SmallInteger),
        sa.Column("transcript", sa.Text),
        sa.Column("text", sa.Text),
        sa.ForeignKeyConstraint(
            answer, [f"samo_answers.{column}" for column in answer], name="samo_feedback_answer"
        ),
    )
    op.create_index("samo_feedback_of_answer", "samo_feedback", answer)
    op.create_index("samo_feedback_user", "samo_feedback", ["key", "user", "id"])
    op.create_index("samo_feedback_at", "samo_feedback", ["at"])
