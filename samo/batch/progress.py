"""Progress of a batch run: a bar on a terminal, one line every 30 seconds in a log."""

from __future__ import annotations

import time
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

LOG_SECONDS: Final = 30.0


class BatchProgress:
    """Count entries and show their number, the rate and the remaining time."""

    def __init__(self, console: Console, total: int, previously_done: int) -> None:
        self._console = console
        self._total = total
        self._previously_done = previously_done
        self._done = 0
        self._start = self._logged = time.monotonic()
        self._bar = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
            disable=not console.is_terminal,
            speed_estimate_period=120,
        )
        self._task = self._bar.add_task("entries", total=total, completed=previously_done, rate="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    @property
    def rate(self) -> float:
        """Entries per second in this run."""
        return self._done / max(self.seconds, 1e-9)

    def advance(self, entries: int = 1) -> None:
        """Add to the number of finished entries."""
        self._done += entries
        self._bar.update(self._task, advance=entries, rate=f"{self.rate:.1f}/s")
        now = time.monotonic()
        if not self._console.is_terminal and now - self._logged >= LOG_SECONDS:
            self._logged = now
            self._console.print(self._line(), highlight=False)

    def _line(self) -> str:
        done = self._previously_done + self._done
        remaining = timedelta(seconds=round((self._total - done) / max(self.rate, 1e-9)))
        return (
            f"{done} of {self._total} entries ({done / self._total:.1%}), "
            f"{self.rate:.1f} per second, {remaining} remaining"
        )
