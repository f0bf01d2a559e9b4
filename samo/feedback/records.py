"""What is stored: predictions that were answered, and what people say about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class AnswerId(NamedTuple):
    """Which prediction: a client may choose request ids, so they are unique for a key only."""

    key: str
    """Name of the API key; empty without keys."""
    request_id: str
    item: int
    """Index of the text in `/predict_batch`; 0 for the other routes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A prediction that was answered; it has no text of the request.

    Attributes:
        id: of the prediction.
        at: when it was answered, with a time zone.
        route: such as `/predict`.
        model: tag of the emotion classifier.
        variant: of an A/B experiment; `a` without one.
        caller: pseudonym of the caller in an A/B experiment; None outside of one.
        labels: predicted labels; None if the route predicts none.
        moods: predicted moods; None if the route predicts none.

    """

    id: AnswerId
    at: datetime
    route: str
    model: str
    variant: str
    caller: str | None
    labels: Sequence[str] | None
    moods: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Submission:
    """What a person says about an answer; None for what was not said.

    Attributes:
        answer: which prediction it is about.
        user: the application's own id of the person.
        consent: whether `transcript` and `text` may be stored; they are None otherwise.
        labels: that are right.
        moods: that are right; may be empty.
        summary_rating: from 1 to 5.
        transcript: corrected.
        text: the entry or the sentence that `labels` and `moods` are about.

    """

    answer: AnswerId
    user: str | None = None
    consent: bool = False
    labels: Sequence[str] | None = None
    moods: Sequence[str] | None = None
    summary_rating: int | None = None
    transcript: str | None = None
    text: str | None = None

    @property
    def kinds(self) -> list[str]:
        """What is said, as the names of the attributes; `text` says nothing about the answer."""
        names = ("labels", "moods", "summary_rating", "transcript")
        return [name for name in names if getattr(self, name) is not None]

    @property
    def id(self) -> str:
        """The same for feedback about the same answer and text by the same person.

        So a repeated request changes nothing, and a changed mind replaces the earlier feedback.
        """
        about = json.dumps([*self.answer, self.user, self.text]).encode()
        return hashlib.sha256(about).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class StoredFeedback:
    """Feedback with the answer that it is about."""

    id: str
    at: datetime
    submission: Submission
    answer: Answer
