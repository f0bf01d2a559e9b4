"""Create feedback from the settings; its libraries are imported only if it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samo.settings import FeedbackSettings

if TYPE_CHECKING:
    from samo.feedback.service import Feedback


def create_feedback(settings: FeedbackSettings) -> Feedback | None:
    """Feedback in the database of the settings; None if they name none.

    Raises:
        StartError: The URL of the database cannot be used.
    """
    if settings.feedback_url is None:
        return None
    from samo.feedback.service import Feedback

    return Feedback(settings)
