"""Replay traffic through the service's monitor of drift."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samo.audio import AudioLevels
from samo.drift.creation import DriftOff, ObservedModel, create_monitor
from samo.drift.monitor import DriftMonitor
from samo.drift.records import write_reference
from samo.drift.reference import Reference
from samo.settings import Settings
from training.drift.outputs import ObservedText

Observation = ObservedText | tuple[AudioLevels, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison after so many observations.

    Attributes:
        observed: number of observations since the start.
        p_values: by feature.
        alarms: the features with an alarm.

    """

    observed: int
    p_values: dict[str, float]
    alarms: list[str]

    @property
    def evidence(self) -> float:
        """-log10 of the smallest p-value, at most 300."""
        return -math.log10(max(1e-300, min(self.p_values.values())))


@dataclass(frozen=True, slots=True)
class Replay:
    """The comparisons of one replay, and the windows at its end as a reference."""

    comparisons: list[Comparison]
    windows: Reference | None

    def first_alarm(self, after: int = 0) -> int | None:
        """Observations after the first `after` ones until an alarm; None if there is none."""
        return next(
            (
                one.observed - after
                for one in self.comparisons
                if one.alarms and one.observed > after
            ),
            None,
        )


MonitorFactory = Callable[[], DriftMonitor]


def monitor_factory(reference: Reference, model: ObservedModel, folder: Path) -> MonitorFactory:
    """New monitors, created as the service does, with `reference` in a file in `folder`."""
    path = folder / "drift.json"
    path.write_text(write_reference(reference), encoding="utf-8")
    chosen = Settings(runners="fake", redis_url=None, drift_reference=path)

    def create() -> DriftMonitor:
        monitor = create_monitor(chosen, model)
        if isinstance(monitor, DriftOff):
            raise TypeError(monitor.reason)
        return monitor

    return create


def replay(create: MonitorFactory, observations: Sequence[Observation]) -> Replay:
    """Show observations to a new monitor, one after the other."""
    return asyncio.run(_replay(create, observations))


async def _replay(create: MonitorFactory, observations: Sequence[Observation]) -> Replay:
    monitor = create()
    comparisons = []
    for number, observation in enumerate(observations, start=1):
        if isinstance(observation, ObservedText):
            monitor.observe_text(observation.passages, observation.probabilities)
        else:
            monitor.observe_recording(*observation)
        if await monitor.drain():
            comparisons.append(_comparison(number, monitor))
    windows = monitor.window_as_reference(1)
    await monitor.close()
    return Replay(comparisons, windows)


def _comparison(number: int, monitor: DriftMonitor) -> Comparison:
    reports = monitor.report().values()
    return Comparison(
        number,
        {drift.name: drift.p_value for report in reports for drift in report.drifts},
        [name for report in reports for name in report.alarm_seconds],
    )
