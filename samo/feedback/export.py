"""Labelled texts for training, and figures about the feedback."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, func, select

from samo.feedback import store
from samo.feedback.database import reading
from samo.feedback.records import StoredFeedback
from samo.feedback.tables import answers, feedback


def all_feedback(engine: Engine) -> Iterator[StoredFeedback]:
    """All feedback, ordered by id; a page is read at a time, so that no transaction is long."""
    after = ""
    while True:
        statement = (
            store.with_answers()
            .where(feedback.c.id > after)
            .order_by(feedback.c.id)
            .limit(store.MAX_ROWS)
        )
        with reading(engine) as connection:
            page = [store.stored(row) for row in connection.execute(statement)]
        yield from page
        if len(page) < store.MAX_ROWS:
            return
        after = page[-1].id


def training_example(stored: StoredFeedback) -> dict[str, Any] | None:
    """A labelled text as retraining reads it; None without consent, text or labels."""
    said = stored.submission
    text = said.text if said.text is not None else said.transcript
    if not said.consent or text is None or said.labels is None:
        return None
    example: dict[str, Any] = {"text": text, "labels": [*said.labels]}
    if said.moods is not None:
        example["moods"] = [*said.moods]
    return {**example, "source": "feedback", "created": stored.at.isoformat()}


@dataclass
class VariantFigures:
    """What people say about the predictions of a model.

    Attributes:
        feedback: number of feedback.
        labelled: number of feedback with labels, on a prediction with labels.
        right: number of these in which the predicted labels are exactly those that are right.
        overlap: sum of |predicted ∩ right| / |predicted ∪ right| over `labelled`.
        ratings: of the summaries.

    """

    feedback: int = 0
    labelled: int = 0
    right: int = 0
    overlap: float = 0.0
    ratings: list[int] = field(default_factory=list)

    def add(self, stored: StoredFeedback) -> None:
        """Count feedback."""
        said, predicted = stored.submission, stored.answer.labels
        self.feedback += 1
        if said.summary_rating is not None:
            self.ratings.append(said.summary_rating)
        if said.labels is not None and predicted is not None:
            true, guess = {*said.labels}, {*predicted}
            self.labelled += 1
            self.right += true == guess
            self.overlap += len(true & guess) / len(true | guess)

    def to_json(self) -> dict[str, Any]:
        """The figures; null where there is nothing to divide by."""
        return {
            "feedback": self.feedback,
            "labelled": self.labelled,
            "exactly_right": round(self.right / self.labelled, 4) if self.labelled else None,
            "label_overlap": round(self.overlap / self.labelled, 4) if self.labelled else None,
            "summary_ratings": len(self.ratings),
            "mean_summary_rating": round(sum(self.ratings) / len(self.ratings), 4)
            if self.ratings
            else None,
        }


def statistics(engine: Engine) -> dict[str, Any]:
    """Counts, and how often the predictions of each model and variant are right."""
    with reading(engine) as connection:
        stored_answers = connection.scalar(select(func.count()).select_from(answers))
    variants: dict[tuple[str, str], VariantFigures] = defaultdict(VariantFigures)
    users: set[tuple[str, str]] = set()
    examples = 0
    for stored in all_feedback(engine):
        said, answer = stored.submission, stored.answer
        variants[answer.model, answer.variant].add(stored)
        if said.user is not None:
            users.add((said.answer.key, said.user))
        examples += training_example(stored) is not None
    return {
        "answers": stored_answers,
        "feedback": sum(one.feedback for one in variants.values()),
        "users": len(users),
        "training_texts": examples,
        "models": [
            {"model": model, "variant": variant, **figures.to_json()}
            for (model, variant), figures in sorted(variants.items())
        ],
    }
