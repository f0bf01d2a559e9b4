"""The verbs that every runner shares, so that who knows one knows all three.

`load` reads an exported model, `prepare` turns one input into what the model eats (and is where
a bad input is refused), `cost` says how long that is, `predict` runs one batch, `warm_up` makes
the first real request as quick as the second. No runner imports bentoml: it works in a REPL, in
a test and in `export_models.py` alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self, TypeVar

Input = TypeVar("Input", contravariant=True)
Prepared = TypeVar("Prepared")
Output = TypeVar("Output")


class GoldenMismatchError(RuntimeError):
    """The model does not compute on this CPU what it computed when it was exported."""


class Runner(Protocol[Input, Prepared, Output]):
    """One model behind five verbs."""

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load the exported model in `folder`; it computes on `threads` threads."""
        ...

    def prepare(self, item: Input) -> Prepared:
        """Encode one input. Raises a `SamoError` for an input that cannot be used."""
        ...

    def cost(self, prepared: Prepared) -> int:
        """Length of a prepared input in the model's own unit; a batch holds like lengths."""
        ...

    def predict(self, batch: Sequence[Prepared]) -> list[Output]:
        """Run one batch; outputs in the order of `batch`."""
        ...

    def warm_up(self) -> None:
        """Run one real input through, so that lazy initialisation is over."""
        ...
