"""Create the monitor of drift from the settings."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from runners.emotion.calibration import EmotionCalibration
from runners.errors import StartError
from samo.drift.comparison import alarm_rule
from samo.drift.features import RecordingNumbers, recording_columns, whole_words
from samo.drift.monitor import DriftMonitor, PassageRow, passage_columns
from samo.drift.records import FORMAT, DamagedRecordError, read_pane, read_reference
from samo.drift.reference import Reference, StreamReference
from samo.drift.shared_panes import SharedPanes
from samo.drift.stream import Stream
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.drift")

REFERENCE_FILE: Final = "drift.json"


@dataclass(frozen=True, slots=True)
class ObservedModel:
    """The classifier whose predictions are observed.

    Attributes:
        calibration: of the model.
        vocabulary: tokens of its tokenizer.
        sha256: of its files, by name; empty if it has no files.
        folder: of these files; None if it has none.

    """

    calibration: EmotionCalibration
    vocabulary: Sequence[str]
    sha256: Mapping[str, str]
    folder: Path | None


@dataclass(frozen=True, slots=True)
class DriftOff:
    """Drift is not measured; `reason` says why and what to do."""

    reason: str


def create_monitor(settings: Settings, model: ObservedModel) -> DriftMonitor | DriftOff:
    """Create the monitor, or say why there is none.

    Raises:
        StartError: `settings.drift_reference` cannot be used.
    """
    reference = _find_reference(settings, model)
    if isinstance(reference, DriftOff):
        _log.log(
            logging.WARNING if settings.drift and model.sha256 else logging.INFO,
            "Drift is not measured: %s",
            reference.reason,
        )
        return reference
    return _monitor(settings, model, reference)


def _find_reference(settings: Settings, model: ObservedModel) -> Reference | DriftOff:
    if not settings.drift:
        return DriftOff("SAMO_DRIFT is false.")
    if settings.drift_reference is not None:
        return read_configured(settings.drift_reference, model.calibration, model.sha256)
    if model.folder is None or not (model.folder / REFERENCE_FILE).is_file():
        return DriftOff(
            f"The emotion model has no {REFERENCE_FILE}: export it again with `make export`, or "
            "set SAMO_DRIFT_REFERENCE."
        )
    try:
        return _read(model.folder / REFERENCE_FILE, model.calibration, model.sha256)
    except DamagedRecordError as error:
        return DriftOff(f"{REFERENCE_FILE} of the emotion model cannot be used: {error}.")


def read_configured(
    path: Path, calibration: EmotionCalibration, sha256: Mapping[str, str]
) -> Reference:
    """Read the file of `SAMO_DRIFT_REFERENCE`.

    Args:
        path: of the file.
        calibration: of the emotion model that serves.
        sha256: of the files of that model, by name.

    Raises:
        StartError: It cannot be used, or belongs to another model.
    """
    try:
        return _read(path, calibration, sha256)
    except DamagedRecordError as error:
        raise StartError(
            f"SAMO_DRIFT_REFERENCE cannot be used: {error}. Make a reference for this model, "
            "as docs/drift.md describes, or unset it."
        ) from None


def _read(path: Path, calibration: EmotionCalibration, sha256: Mapping[str, str]) -> Reference:
    reference = read_reference(path, calibration)
    others = [name for name, value in reference.model.items() if sha256.get(name) != value]
    if others:
        raise DamagedRecordError(f"It is of another model: {', '.join(sorted(others))} differs")
    return reference


def _monitor(settings: Settings, model: ObservedModel, reference: Reference) -> DriftMonitor:
    is_alarm = alarm_rule(settings.drift_threshold, settings.drift_significance)
    shared = {
        name: _shared_panes(settings, name, reference, stream)
        for name, stream in reference.streams.items()
    }
    texts = recordings = None
    if stream := reference.streams.get("texts"):
        texts = Stream[PassageRow](
            stream,
            settings.drift_window,
            partial(passage_columns, model.calibration),
            is_alarm,
            shared["texts"],
        )
    if stream := reference.streams.get("recordings"):
        recordings = Stream[RecordingNumbers](
            stream,
            settings.drift_recordings_window,
            recording_columns,
            is_alarm,
            shared["recordings"],
        )
    return DriftMonitor(
        reference,
        whole_words(model.vocabulary),
        texts,
        recordings,
        [panes for panes in shared.values() if panes is not None],
    )


def _shared_panes(
    settings: Settings, name: str, reference: Reference, stream: StreamReference
) -> SharedPanes | None:
    """The panes in Redis. Their name has a hash: other bins or another model cannot be added up."""
    if settings.redis_url is None:
        return None
    bins = {feature: [one.edges, one.categories] for feature, one in stream.bins.items()}
    vectors = {feature: len(one.total) for feature, one in stream.pane.moments.items()}
    identity = json.dumps([FORMAT, reference.model, bins, vectors], sort_keys=True)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return SharedPanes(
        settings.redis_url.get_secret_value(),
        f"{name}:{digest}",
        partial(read_pane, bins=stream.bins, vectors=vectors),
    )
