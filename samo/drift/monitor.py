"""Observe the texts and recordings of the service, and report their drift."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

from runners.emotion.calibration import EmotionCalibration, Probabilities
from samo.audio import AudioLevels
from samo.drift.features import (
    Columns,
    PassageNumbers,
    RecordingNumbers,
    passage_numbers,
    text_columns,
)
from samo.drift.reference import Reference, StreamReference
from samo.drift.shared_panes import SharedPanes
from samo.drift.stream import Stream, StreamReport
from samo.insight.observer import Observer


class PassageRow(NamedTuple):
    """What is kept of a passage until its pane is full: numbers."""

    numbers: PassageNumbers
    probabilities: Probabilities


class DriftMonitor(Observer):
    """Compares what the service sees with a reference.

    Its methods run on the event loop; what takes longer than 0.1 ms runs in a thread.

    Args:
        reference: what the traffic is compared with.
        vocabulary: the whole words that the classifier knows, in lower case.
        texts: the window of the texts; None if the reference has none.
        recordings: the window of the recordings; None if the reference has none.
        shared: the connections to Redis, to be closed.

    """

    def __init__(
        self,
        reference: Reference,
        vocabulary: frozenset[str],
        texts: Stream[PassageRow] | None,
        recordings: Stream[RecordingNumbers] | None,
        shared: Sequence[SharedPanes] = (),
    ) -> None:
        self.reference = reference
        self._vocabulary = vocabulary
        self._texts = texts
        self._recordings = recordings
        self._shared = shared
        self._tasks: set[asyncio.Task[None]] = set()

    def observe_text(self, passages: Sequence[str], probabilities: Sequence[Probabilities]) -> None:
        """Observe one passage of a text, at random.

        The passages of a text resemble each other, and the tests assume independent observations.
        """
        if self._texts is None:
            return
        chosen = random.randrange(len(passages))  # noqa: S311  # no secret
        numbers = passage_numbers(passages[chosen], self._vocabulary)
        # a copy: the row is a view, which would keep its whole batch
        self._add(self._texts, PassageRow(numbers, probabilities[chosen].copy()))

    def observe_recording(self, levels: AudioLevels, language: str | None) -> None:
        """Observe the levels and the language of a recording."""
        if self._recordings is not None:
            row = RecordingNumbers(levels.level, levels.noise, language)
            self._add(self._recordings, row)

    def _add(self, stream: Stream[Any], row: PassageRow | RecordingNumbers) -> None:
        if rows := stream.add(row):
            self._start(stream.close_pane(rows))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # asyncio holds tasks weakly
        task.add_done_callback(self._tasks.discard)

    @property
    def _streams(self) -> dict[str, Stream[Any]]:
        streams = {"texts": self._texts, "recordings": self._recordings}
        return {name: stream for name, stream in streams.items() if stream is not None}

    @property
    def is_shared(self) -> bool:
        """Whether the windows are those of all instances."""
        return bool(self._shared) and all(one.is_up for one in self._shared)

    async def refresh(self) -> None:
        """Compare again, if other instances may have added to the windows."""
        await asyncio.gather(*(stream.refresh() for stream in self._streams.values()))

    def report(self) -> dict[str, StreamReport]:
        """The last comparison, by stream."""
        return {name: stream.report() for name, stream in self._streams.items()}

    def window_as_reference(self, min_count: int) -> Reference | None:
        """The windows as a reference; None if none of them has `min_count` observations.

        A window with fewer observations keeps the present reference.
        """
        windows = {
            name: StreamReference(report.reference.bins, report.window)
            for name, report in self.report().items()
            if report.window is not None and report.window.count >= min_count
        }
        if not windows:
            return None
        counts = ", ".join(f"{one.pane.count} {name}" for name, one in windows.items())
        return Reference(
            self.reference.model,
            f"traffic: {counts}",
            self.reference.streams | windows,
        )

    async def drain(self) -> bool:
        """Wait for the comparisons in progress; return whether there were any."""
        tasks = list(self._tasks)
        await asyncio.gather(*tasks, return_exceptions=True)
        return bool(tasks)

    async def close(self) -> None:
        """Count what belongs to no pane yet, wait for work in progress, close the connections."""
        for stream in self._streams.values():
            if rows := stream.take():
                self._start(stream.close_pane(rows))
        await self.drain()
        for one in self._shared:
            await one.close()


def passage_columns(calibration: EmotionCalibration, rows: Sequence[PassageRow]) -> Columns:
    """The features of passages."""
    return text_columns(
        [row.numbers for row in rows], [row.probabilities for row in rows], calibration
    )
