"""Run by Alembic: applies the migrations in the transaction of `samo.feedback.migration`."""

from __future__ import annotations

from alembic import context

from samo.feedback.migration import VERSION_TABLE
from samo.feedback.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # of SQLite too, whose driver is told when a transaction begins
)
context.run_migrations()
