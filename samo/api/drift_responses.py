"""Convert the state of drift to the schemas of the HTTP API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from runners.errors import DriftUnavailable
from samo.api.schemas import drift as schemas
from samo.drift.creation import DriftOff
from samo.drift.monitor import DriftMonitor
from samo.drift.records import MIN_COUNT
from samo.drift.reference import Reference
from samo.drift.stream import StreamReport
from samo.settings import Settings

# Digits after the point of shares and scores.
_DIGITS: Final = 4


def drift(monitor: DriftMonitor | DriftOff, settings: Settings) -> schemas.DriftResponse:
    """Return the last comparison, or why there is none."""
    if isinstance(monitor, DriftOff):
        return _response(
            settings, state="off", reason=monitor.reason, alarms=[], shared=False, source=None,
            windows={},
        )  # fmt: skip
    windows = {name: _window(report) for name, report in monitor.report().items()}
    return _response(
        settings,
        state="on",
        reason=None,
        alarms=[one.name for window in windows.values() for one in window.features if one.alarm],
        shared=monitor.is_shared,
        source=monitor.reference.source,
        windows=windows,
    )


def _response(settings: Settings, **fields: Any) -> schemas.DriftResponse:
    return schemas.DriftResponse(
        threshold=settings.drift_threshold, significance=settings.drift_significance, **fields
    )


def _window(report: StreamReport) -> schemas.DriftWindow:
    return schemas.DriftWindow(
        size=report.size,
        count=report.window.count if report.window else 0,
        pending=report.pending,
        reference_count=report.reference.pane.count,
        features=[_feature(name, report) for name in report.reference.features],
    )


def _feature(name: str, report: StreamReport) -> schemas.DriftFeature:
    drift = next((one for one in report.drifts if one.name == name), None)
    seconds = report.alarm_seconds.get(name)
    return schemas.DriftFeature(
        name=name,
        alarm=seconds is not None,
        since=None if seconds is None else _time_before(seconds),
        score=_rounded(drift.score if drift else None),
        p_value=float(f"{drift.p_value:.3g}") if drift else None,
        kolmogorov_smirnov=_rounded(drift.kolmogorov_smirnov if drift else None),
        jensen_shannon=_rounded(drift.jensen_shannon if drift else None),
        bins=_bins(name, report),
    )


def _bins(name: str, report: StreamReport) -> list[schemas.DriftBin]:
    bins = report.reference.bins.get(name)
    if bins is None:
        return []
    expected = report.reference.pane
    actual = report.window
    return [
        schemas.DriftBin(
            name=bin_name,
            reference=round(int(expected.histograms[name][i]) / expected.count, _DIGITS),
            window=round(int(actual.histograms[name][i]) / actual.count, _DIGITS)
            if actual
            else 0.0,
        )
        for i, bin_name in enumerate(bins.names)
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _time_before(seconds: float) -> str:
    """The time so many seconds ago, by the system's present clock, in UTC."""
    time = datetime.now(UTC) - timedelta(seconds=seconds)
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def window_as_reference(monitor: DriftMonitor | DriftOff) -> Reference:
    """The windows as a reference; a window with few observations keeps the present reference.

    Raises:
        DriftUnavailable: Drift is not measured, or no window has enough observations.
    """
    if isinstance(monitor, DriftOff):
        raise DriftUnavailable(f"Drift is not measured. {monitor.reason}")
    reference = monitor.window_as_reference(MIN_COUNT)
    if reference is None:
        raise DriftUnavailable(
            "The windows have too few texts and recordings for a reference: try again later, or "
            "lower SAMO_DRIFT_WINDOW."
        )
    return reference
