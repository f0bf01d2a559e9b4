"""Panes and references as JSON: the reference file, and what instances share through Redis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from runners.emotion.calibration import EmotionCalibration
from samo.drift.features import RECORDING_FEATURES, TEXT_FEATURES
from samo.drift.pane import Bins, Moments, Pane
from samo.drift.reference import Reference, StreamReference, stream_categories

FORMAT: Final = 1
# A reference of fewer observations says too little; the reference of the recordings is small too.
MIN_COUNT: Final = 20
STREAMS: Final = {"texts": TEXT_FEATURES, "recordings": RECORDING_FEATURES}

Count = Annotated[int, Field(ge=0, le=2**53)]


class DamagedRecordError(ValueError):
    """A reference or a pane cannot be used; the message says why, without its content."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MomentsRecord(_Record):
    """Moments of a vector of d numbers."""

    total: list[FiniteFloat] = Field(min_length=1, max_length=1024)
    products: list[FiniteFloat]
    """The upper triangle of the matrix, row by row."""


class PaneRecord(_Record):
    """A pane."""

    count: Count
    histograms: dict[str, list[Count]]
    moments: dict[str, MomentsRecord]


class BinsRecord(_Record):
    """The bins of a feature: `edges` of numbers, or `categories`."""

    edges: list[FiniteFloat] = Field(default_factory=list, max_length=1000)
    categories: list[str] = Field(default_factory=list, max_length=1000)


class StreamRecord(_Record):
    """The reference of the texts or of the recordings."""

    bins: dict[str, BinsRecord]
    pane: PaneRecord


class ReferenceRecord(_Record):
    """The reference file, `drift.json`."""

    format: Literal[1]
    source: str = Field(max_length=1000)
    model: dict[str, str]
    streams: dict[Literal["texts", "recordings"], StreamRecord]


def pane_record(pane: Pane) -> PaneRecord:
    """A pane as JSON."""
    return PaneRecord(
        count=pane.count,
        histograms={name: counts.tolist() for name, counts in pane.histograms.items()},
        moments={
            name: MomentsRecord(
                total=_rounded(moments.total),
                products=_rounded(moments.products[np.triu_indices(len(moments.total))]),
            )
            for name, moments in pane.moments.items()
        },
    )


def _rounded(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    """Seven digits, as the logits have."""
    return [float(f"{value:.7g}") for value in values]


def read_pane(record: PaneRecord, bins: Mapping[str, Bins], vectors: Mapping[str, int]) -> Pane:
    """The pane of a record.

    Args:
        record: the JSON.
        bins: of the features with bins.
        vectors: number of elements of the features that are vectors.

    Raises:
        DamagedRecordError: Its features or their sizes are others, or the counts contradict.
    """
    for name, counts in record.histograms.items():
        if name not in bins or len(counts) != bins[name].size or sum(counts) != record.count:
            raise DamagedRecordError(f"The counts of {name!r} do not fit its bins")
    sizes = {name: len(moments.total) for name, moments in record.moments.items()}
    if record.histograms.keys() != bins.keys() or sizes != vectors:
        raise DamagedRecordError("Its features are not those of the reference")
    return Pane(
        record.count,
        {name: np.asarray(counts, dtype=np.int64) for name, counts in record.histograms.items()},
        {name: _read_moments(moments) for name, moments in record.moments.items()},
    )


def _read_moments(record: MomentsRecord) -> Moments:
    total = np.asarray(record.total)
    rows, columns = np.triu_indices(len(total))
    if len(record.products) != len(rows):
        raise DamagedRecordError("The products of a vector do not fit its size")
    products = np.zeros((len(total), len(total)))
    products[rows, columns] = products[columns, rows] = record.products
    return Moments(total, products)


def write_reference(reference: Reference) -> str:
    """The reference file."""
    record = ReferenceRecord(
        format=FORMAT,
        source=reference.source,
        model=reference.model,
        streams={
            name: StreamRecord(
                bins={
                    feature: BinsRecord(edges=list(bins.edges), categories=list(bins.categories))
                    for feature, bins in stream.bins.items()
                },
                pane=pane_record(stream.pane),
            )
            for name, stream in reference.streams.items()
        },
    )
    return record.model_dump_json(exclude_defaults=True) + "\n"


def read_reference(path: Path, calibration: EmotionCalibration) -> Reference:
    """Read a reference file; `calibration` is that of the model that serves.

    Raises:
        DamagedRecordError: It cannot be used.
    """
    try:
        record = ReferenceRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DamagedRecordError(f"It cannot be read ({type(error).__name__})") from None
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise DamagedRecordError(f"{place or 'The file'}: {problem['msg']}") from None
    return Reference(
        dict(record.model),
        record.source,
        {name: _read_stream(name, stream, calibration) for name, stream in record.streams.items()},
    )


def _read_stream(
    name: str, record: StreamRecord, calibration: EmotionCalibration
) -> StreamReference:
    features = STREAMS[name]
    vectors = {"logits": len(calibration.outputs)} if "logits" in features else {}
    bins = {
        feature: Bins(tuple(one.edges), tuple(one.categories))
        for feature, one in record.bins.items()
    }
    if {*bins, *vectors} != {*features}:
        raise DamagedRecordError(f"The features of {name!r} are not {', '.join(features)}")
    for feature, one in bins.items():
        expected = stream_categories(calibration).get(feature, ())
        if one.categories != expected or [*one.edges] != sorted({*one.edges}):
            raise DamagedRecordError(f"The bins of {feature!r} are not those of this model")
    if record.pane.count < MIN_COUNT:
        raise DamagedRecordError(f"{name!r} has fewer than {MIN_COUNT} observations")
    return StreamReference(bins, read_pane(record.pane, bins, vectors))
