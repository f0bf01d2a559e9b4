"""A runner in place of a model that could not be loaded, so that the other models serve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

from runners.base import ParallelRunner
from runners.errors import ModelUnavailable


class UnavailableRunner(ParallelRunner[Any, Any, Any]):
    """Refuses every input with `ModelUnavailable`."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load nothing; the model's name is its folder's."""
        del threads
        return cls(folder.name)

    def refuse(self) -> NoReturn:
        """Raise the error of every request."""
        raise ModelUnavailable(
            f"The {self.name} model could not be loaded: try again later; another instance may "
            "have it.",
            step=self.name,
        )

    def prepare(self, item: Any) -> NoReturn:
        """Refuse the input."""
        del item
        self.refuse()

    def cost(self, prepared: Any) -> int:
        """Nothing is ever prepared."""
        del prepared
        return 0

    def predict(self, batch: Sequence[Any]) -> NoReturn:
        """Refuse the batch."""
        del batch
        self.refuse()

    def predict_single_threaded(self, batch: Sequence[Any]) -> NoReturn:
        """As `predict`."""
        self.predict(batch)

    def warm_up(self) -> None:
        """Do nothing."""
