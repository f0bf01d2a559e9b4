"""The entries of a journal, from any source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time


class UnreadableJournal(Exception):
    """The folder or file is not a journal that can be read. The message says what to do."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A typed entry, or a recording.

    Attributes:
        day: the writer's own day.
        clock: the writer's own time of day, None if it is unknown.
        title: None if it has none.
        source: where it is from, for messages: a file, or a file and the number of the entry.
        text: None for a recording.
        read_recording: returns the bytes of a recording; None for a text. It raises `OSError` or
            a `SamoError` if they cannot be read.

    """

    day: date
    clock: time | None
    title: str | None
    source: str
    text: str | None = None
    read_recording: Callable[[], bytes] | None = None


@dataclass(slots=True)
class Journal:
    """Entries in order of time.

    Attributes:
        name: of the folder or file.
        entries: by day and time.
        skipped: how many files or entries were left out, by reason.

    """

    name: str
    entries: list[JournalEntry] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def sort(self) -> None:
        """Put the entries into order; those without a time come first on their day."""
        self.entries.sort(key=lambda one: (one.day, one.clock or time.min, one.source))
