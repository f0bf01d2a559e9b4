"""The callers of an A/B experiment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the pseudonym of the caller to the answers."""
    op.add_column("samo_answers", sa.Column("caller", sa.String))
