"""The migrations of the tables of feedback, which Alembic runs."""
