"""Read files of labelled texts: JSONL, CSV or Parquet, all with the same columns.

| column | content |
| --- | --- |
| `text` | the text |
| `labels` | GoEmotions labels that apply; in CSV separated by commas |
| `moods` | moods that apply, likewise |
| `labelled` | names of the labels and moods that were judged; by default those of the columns |
| `source`, `created` | kept for the report only |

An empty list says that nothing applies; a missing column or null, that nobody judged.
"""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from runners.emotion.calibration import EmotionCalibration
from samo.insight.entry import text_error
from training.arrays import Array
from training.retraining.errors import RetrainingRefused

COLUMNS: Final = ("text", "labels", "moods", "labelled", "source", "created")

Row = tuple[int, Mapping[str, Any]]
"""The number of a line, or of a row of Parquet, from 1; and its values by column."""


@dataclass(frozen=True)
class LabelledFile:
    """The texts of one or several files.

    Attributes:
        texts: as they are in the files.
        labels: float32 of shape (texts, labels and moods): 1.0 applies, 0.0 does not, NaN if nobody
            judged it.
        origins: "FILE:LINE" of each text.

    """

    texts: list[str]
    labels: Array
    origins: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, rows: Sequence[int] | Array) -> LabelledFile:
        """The texts with these indices."""
        return LabelledFile(
            [self.texts[row] for row in rows],
            self.labels[list(rows)],
            [self.origins[row] for row in rows],
        )


def read_labelled(
    paths: Sequence[Path], calibration: EmotionCalibration, judged: Sequence[str] | None = None
) -> LabelledFile:
    """Read files one after the other.

    Args:
        paths: their names end with .jsonl, .csv or .parquet.
        calibration: names the labels and moods.
        judged: the names that were judged, for files without the column `labelled`.

    Raises:
        RetrainingRefused: A file cannot be used; the message names the line.
    """
    reader = _Reader(calibration, judged)
    texts: list[str] = []
    rows: list[Array] = []
    origins: list[str] = []
    for path in paths:
        count = len(texts)
        for number, values in _rows(path):
            origin = f"{path.name}:{number}"
            text, row = reader.row(origin, values)
            texts.append(text)
            rows.append(row)
            origins.append(origin)
        if len(texts) == count:
            raise RetrainingRefused("empty", f"{path.name} has no texts.")
    return LabelledFile(texts, np.stack(rows), origins)


class _Reader:
    """Turns the values of a line into labels."""

    def __init__(self, calibration: EmotionCalibration, judged: Sequence[str] | None) -> None:
        self._fields = {"labels": calibration.labels, "moods": calibration.moods}
        self._names = [*calibration.labels, *calibration.moods]
        self._judged = judged
        if judged is not None:
            self._check_names("--labelled", "labelled", judged)

    def row(self, origin: str, values: Mapping[str, Any]) -> tuple[str, Array]:
        """The text, and 1.0, 0.0 or NaN for each label and mood."""
        for column in values:
            if column not in COLUMNS:
                raise _wrong_column(origin, column)
        text = values.get("text")
        if text is None:
            raise RetrainingRefused("wrong_column", f"{origin} has no text.")
        error = text_error(text)
        if error is not None:
            raise RetrainingRefused("bad_text", f"{origin}: {error}")
        applies: set[str] = set()
        judged: set[str] = set()
        for field, names in self._fields.items():
            named = _names(origin, field, values.get(field))
            if named is not None:
                self._check_names(origin, field, named)
                applies.update(named)
                judged.update(names)
        named = _names(origin, "labelled", values.get("labelled"))
        if named is not None:
            self._check_names(origin, "labelled", named)
        chosen = self._judged if named is None else named
        if chosen is not None:
            judged = set(chosen)
        if not judged:
            raise RetrainingRefused("wrong_column", f"{origin} has neither labels nor moods.")
        if extra := applies - judged:
            raise RetrainingRefused(
                "unknown_class",
                f"{origin} has {', '.join(sorted(extra))}, which `labelled` says nobody judged.",
            )
        row = [float(name in applies) if name in judged else np.nan for name in self._names]
        return str(text), np.asarray(row, dtype=np.float32)

    def _check_names(self, origin: str, field: str, named: Sequence[str]) -> None:
        known = self._fields.get(field, self._names)
        for name in named:
            if name not in known:
                kind = "labels or moods" if field == "labelled" else field
                similar = difflib.get_close_matches(str(name), known, n=1)
                hint = f" Did you mean {similar[0]}?" if similar else ""
                raise RetrainingRefused(
                    "unknown_class", f"{origin}: {name!r} is not one of the {kind}.{hint}"
                )


def _wrong_column(origin: str, column: str) -> RetrainingRefused:
    similar = difflib.get_close_matches(str(column), COLUMNS, n=1)
    hint = f"did you mean {similar[0]}?" if similar else f"the columns are {', '.join(COLUMNS)}."
    return RetrainingRefused("wrong_column", f"{origin} has a column {column!r}: {hint}")


def _names(origin: str, field: str, value: Any) -> list[str] | None:
    """The names in a value of `labels`, `moods` or `labelled`; None if nobody judged."""
    if value is None:
        return None
    if isinstance(value, str):  # CSV
        return [name for part in value.split(",") if (name := part.strip())]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return value
    raise RetrainingRefused("wrong_column", f"{origin}: {field} must be a list of names.")


def _rows(path: Path) -> Iterator[Row]:
    readers: dict[str, Callable[[Path], Iterator[Row]]] = {
        ".jsonl": _read_jsonl, ".csv": _read_csv, ".parquet": _read_parquet,
    }  # fmt: skip
    read = readers.get(path.suffix.lower())
    if read is None:
        raise RetrainingRefused(
            "wrong_format", f"{path.name} must end with {', '.join(readers)} and be of that format."
        )
    try:
        yield from read(path)
    except FileNotFoundError:
        raise RetrainingRefused("no_file", f"{path} does not exist.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise RetrainingRefused(
            "wrong_format", f"{path.name} is not {path.suffix[1:]} in UTF-8: {error}."
        ) from None


def _read_jsonl(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except json.JSONDecodeError as error:
                raise RetrainingRefused(
                    "wrong_format", f"{path.name}:{number} is not JSON: {error.msg}."
                ) from None
            if not isinstance(values, dict):
                raise RetrainingRefused("wrong_format", f"{path.name}:{number} is no JSON object.")
            yield number, values


def _read_csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        header = list(reader.fieldnames or ())
        if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
            raise RetrainingRefused(
                "wrong_format",
                f"{path.name} has semicolons or tabs between its columns: save it with commas.",
            )
        for column in header:
            if column not in COLUMNS:
                raise _wrong_column(path.name, column)
        for values in reader:
            if None in values or None in values.values():
                raise RetrainingRefused(
                    "wrong_format",
                    f"{path.name}:{reader.line_num} has more or fewer columns than the header.",
                )
            yield reader.line_num, values


def _read_parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError:
        raise RetrainingRefused(
            "wrong_format", f"{path.name}: Parquet needs pyarrow: run `make bulk`."
        ) from None
    try:
        table = parquet.read_table(path)
    except ArrowInvalid:
        raise RetrainingRefused("wrong_format", f"{path.name} is not Parquet.") from None
    yield from enumerate(table.to_pylist(), start=1)
