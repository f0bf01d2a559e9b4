"""The folder `adapter/` of a training run: its files and its description."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

# Describes the run; written last, so that a folder with this file is complete.
RUN_FILE: Final = "run.json"
# Weights of a run that trained all weights; peft's files otherwise.
WEIGHTS_FILE: Final = "model.safetensors"


@dataclass(frozen=True)
class TrainingRun:
    """The encoder of a run and the names of its outputs in their order.

    `layers` is the number of encoder layers that were kept; None for all.
    """

    model_name: str
    layers: int | None
    labels: tuple[str, ...]
    moods: tuple[str, ...]
    contexts: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `run.json` in the `adapter/` folder of a run."""
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        names = (tuple(run.get(field, ())) for field in ("labels", "moods", "contexts"))
        return cls(run["model_name"], run["layers"], *names)

    def save(self, folder: Path) -> None:
        """Write `run.json` into `folder`."""
        path = folder / RUN_FILE
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @property
    def outputs(self) -> list[str]:
        """Labels, then moods, then contexts."""
        return [*self.labels, *self.moods, *self.contexts]
