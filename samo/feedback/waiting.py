"""The answers that are not in the database yet."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from samo.feedback.records import Answer, AnswerId

MAX_WAITING: Final = 10_000
"""About 10 MB."""


class WaitingAnswers:
    """A bounded queue in which answers are also found by id. Its methods never wait for long.

    An answer leaves when it is written. Beyond `max_waiting` the oldest are dropped, because people
    send feedback soon after the answer.
    """

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._waiting: OrderedDict[AnswerId, Answer] = OrderedDict()
        self._taken: dict[AnswerId, Answer] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._is_woken = False

    def __len__(self) -> int:
        """The number of answers that are not written."""
        return len(self._waiting) + len(self._taken)

    def add(self, some: Iterable[Answer]) -> int:
        """Add answers; returns how many were dropped."""
        with self._changed:
            for answer in some:
                self._waiting.pop(answer.id, None)  # a repeated request id: the last one counts
                self._waiting[answer.id] = answer
            self._changed.notify()
            return self._drop_oldest()

    def find(self, answer: AnswerId) -> Answer | None:
        """The answer, until it is written."""
        with self._changed:
            return self._waiting.get(answer) or self._taken.get(answer)

    def wait(self, seconds: float) -> None:
        """Wait until there is an answer, until `wake` or `close`, or until the time is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._is_woken or self._is_closed, seconds
            )
            self._is_woken = False

    def pause(self, seconds: float) -> bool:
        """Wait until `close`, or until the time is over; False if closed."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._is_closed, seconds)

    def wake(self) -> None:
        """End a `wait`, although there is no answer."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def take(self, limit: int) -> list[Answer]:
        """The oldest answers, at most `limit`; `written` or `give_back` ends it."""
        with self._changed:
            while self._waiting and len(self._taken) < limit:
                answer_id, answer = self._waiting.popitem(last=False)
                self._taken[answer_id] = answer
            return [*self._taken.values()]

    def written(self) -> None:
        """The answers that were taken are in the database, or will never be."""
        with self._changed:
            self._taken.clear()

    def give_back(self) -> int:
        """The answers that were taken could not be written yet; returns how many were dropped."""
        with self._changed:
            for answer_id, answer in reversed(self._taken.items()):
                if answer_id not in self._waiting:
                    self._waiting[answer_id] = answer
                    self._waiting.move_to_end(answer_id, last=False)
            self._taken.clear()
            return self._drop_oldest()

    def close(self) -> None:
        """No `wait` or `pause` takes time any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _drop_oldest(self) -> int:
        dropped = max(0, len(self._waiting) - self._max_waiting)
        for _ in range(dropped):
            self._waiting.popitem(last=False)
        return dropped
