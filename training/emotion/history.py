"""The learning curve of a training run: a line of JSON per measurement, in `history.jsonl`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

HISTORY_FILE: Final = "history.jsonl"


@dataclass(frozen=True)
class Measurement:
    """A point of the learning curve.

    Attributes:
        step: number of completed steps.
        loss: mean training loss of the steps since the previous measurement.
        dev_cross_entropy: binary cross-entropy summed over the labels, mean of the dev texts. With
            the loss "bce", and without R-Drop, it is on the scale of `loss`.
        dev_macro_f1: macro-F1 with the best threshold that is the same for all labels.
        dev_threshold: that threshold.

    """

    step: int
    loss: float
    dev_cross_entropy: float
    dev_macro_f1: float
    dev_threshold: float


@dataclass(frozen=True)
class History:
    """The measurements of the run in `output`."""

    output: Path

    @property
    def _path(self) -> Path:
        return self.output / HISTORY_FILE

    def read(self) -> list[Measurement]:
        """Return the measurements in order; none if there is no file."""
        if not self._path.is_file():
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return [Measurement(**json.loads(line)) for line in lines]

    def append(self, measurement: Measurement) -> None:
        """Add a measurement."""
        self._write([*self.read(), measurement])

    def drop_after(self, step: int) -> None:
        """Remove what an interrupted run measured after its last checkpoint."""
        self._write([one for one in self.read() if one.step <= step])

    def _write(self, measurements: list[Measurement]) -> None:
        if not measurements and not self._path.is_file():
            return
        self.output.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(asdict(one)) + "\n" for one in measurements]
        self._path.write_text("".join(lines), encoding="utf-8")
