"""Why a retraining ends without a new model."""

from __future__ import annotations


class RetrainingRefused(Exception):
    """Nothing was trained or stored.

    Args:
        reason: a short name, such as "wrong_column"; docs/retraining.md lists all of them.
        message: says where, and what to do; contains no text of a user.

    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
