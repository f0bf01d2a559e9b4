"""The window of the texts or of the recordings, and its alarms."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from samo.drift.comparison import AlarmRule, FeatureDrift, compare
from samo.drift.features import Columns
from samo.drift.gauges import publish_counts, publish_drift, publish_reference
from samo.drift.pane import Pane, newest
from samo.drift.reference import StreamReference
from samo.drift.shared_panes import MAX_PANES, SharedPanes

_log = logging.getLogger("bentoml.samo.drift")

Row = TypeVar("Row")

# A window is compared with the reference each time another tenth of it was observed.
PANES_PER_WINDOW: Final = 10


@dataclass(frozen=True, slots=True)
class StreamReport:
    """A window at its last comparison.

    Attributes:
        reference: what it was compared with.
        size: observations of a full window.
        window: its counts; None before the first comparison.
        pending: observations of this instance that are not in the window yet.
        drifts: of each feature; empty before the first comparison.
        alarm_seconds: seconds since each alarm began, by feature.

    """

    reference: StreamReference
    size: int
    window: Pane | None
    pending: int
    drifts: list[FeatureDrift]
    alarm_seconds: dict[str, float]


class Stream(Generic[Row]):
    """Collects observations of one kind, and compares their window with the reference.

    Args:
        reference: what the window is compared with.
        size: observations of a window.
        columns: computes the features of observations.
        is_alarm: decides for each feature.
        shared: the panes of all instances; None keeps the window in this one.

    """

    def __init__(
        self,
        reference: StreamReference,
        size: int,
        columns: Callable[[Sequence[Row]], Columns],
        is_alarm: AlarmRule,
        shared: SharedPanes | None,
    ) -> None:
        self.reference = reference
        self.size = size
        self._pane_size = max(1, size // PANES_PER_WINDOW)
        self._columns = columns
        self._is_alarm = is_alarm
        self._shared = shared
        self._rows: list[Row] = []
        self._own: deque[Pane] = deque(maxlen=MAX_PANES)
        self._unsent: deque[Pane] = deque(maxlen=MAX_PANES)
        self._window: Pane | None = None
        self._drifts: list[FeatureDrift] = []
        self._begins: dict[str, float] = {}
        self._lock = asyncio.Lock()
        publish_reference(reference)

    def add(self, row: Row) -> list[Row] | None:
        """Collect an observation; returns the rows of a pane when one is full."""
        self._rows.append(row)
        return self.take() if len(self._rows) >= self._pane_size else None

    def take(self) -> list[Row]:
        """The rows that belong to no pane yet; they are removed."""
        rows, self._rows = self._rows, []
        return rows

    async def close_pane(self, rows: Sequence[Row]) -> None:
        """Count rows, and compare the window with the reference."""
        pane = await asyncio.to_thread(self._count, rows)
        publish_counts(self.reference, pane)
        async with self._lock:
            self._own.append(pane)
            self._unsent.append(pane)
            await self._update()

    async def refresh(self) -> None:
        """Compare again, if other instances may have added to the window."""
        if self._shared is not None:
            async with self._lock:
                await self._update()

    def report(self) -> StreamReport:
        """The last comparison."""
        now = time.monotonic()
        return StreamReport(
            self.reference,
            self.size,
            self._window,
            len(self._rows),
            self._drifts,
            {name: now - begin for name, begin in self._begins.items()},
        )

    def _count(self, rows: Sequence[Row]) -> Pane:
        return Pane.of(self._columns(rows), len(rows), self.reference.bins)

    async def _update(self) -> None:
        panes = await self._all_panes()
        window = Pane.merged(newest(panes, self.size))
        if window is None:
            return
        self._window = window
        self._drifts = await asyncio.to_thread(compare, self.reference, window)
        alarms = [drift.name for drift in self._drifts if self._is_alarm(drift)]
        await self._begin_and_end(alarms)
        publish_drift(self._drifts, alarms)

    async def _all_panes(self) -> list[Pane]:
        """The panes of all instances; those of this one while they are not shared."""
        if self._shared is not None:
            sent = list(self._unsent)
            panes = await self._shared.exchange(sent)
            if panes is not None:
                for _ in sent:
                    self._unsent.popleft()
                return panes
        return list(self._own)

    async def _begin_and_end(self, alarms: Sequence[str]) -> None:
        """Note when alarms began, by the monotonic clock: the system's clock may jump."""
        now = time.monotonic()
        if begun := [name for name in alarms if name not in self._begins]:
            _log.warning("Drift of %s: see /monitoring/drift and docs/drift.md.", ", ".join(begun))
        if ended := [name for name in self._begins if name not in alarms]:
            _log.warning("The drift of %s has ended.", ", ".join(ended))
        begins = {name: self._begins.get(name, now) for name in alarms}
        if self._shared is not None:
            shared = await self._shared.alarm_seconds(alarms)
            begins |= {name: now - seconds for name, seconds in (shared or {}).items()}
        self._begins = begins
