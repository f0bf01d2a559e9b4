"""The methods that every runner has, as protocols that the type checker enforces.

A runner is a class around one model. Every runner has the same five methods:

- `load` reads an exported model from a folder,
- `prepare` turns one input into what the model computes on, and refuses invalid input,
- `cost` gives the length of a prepared input,
- `predict` computes a batch,
- `warm_up` computes one input, so that the first request is as fast as later ones.

Runners inherit from `Runner` or `ParallelRunner`, so that mypy compares their signatures with the
protocol. A runner imports neither BentoML nor a web framework: it also works in a REPL, in a test
and in `export_models.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self, TypeVar, runtime_checkable

Input = TypeVar("Input", contravariant=True)
Prepared = TypeVar("Prepared")
Output = TypeVar("Output")


class GoldenMismatchError(RuntimeError):
    """The model's output for its golden sample differs from the output at export."""


class Runner(Protocol[Input, Prepared, Output]):
    """One model behind five methods."""

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load the exported model in `folder`; it computes on `threads` threads."""
        ...

    def prepare(self, item: Input) -> Prepared:
        """Encode one input. Raises a `SamoError` if the input is invalid."""
        ...

    def cost(self, prepared: Prepared) -> int:
        """Length of a prepared input, such as its tokens; a batch holds inputs of similar cost."""
        ...

    def predict(self, batch: Sequence[Prepared]) -> list[Output]:
        """Compute a batch; outputs are in the order of `batch`."""
        ...

    def warm_up(self) -> None:
        """Compute one input, so that lazy initialization is done before the first request.

        Raises `GoldenMismatchError` if the model has a golden sample and its output differs.
        """
        ...


@runtime_checkable
class ParallelRunner(Runner[Input, Prepared, Output], Protocol[Input, Prepared, Output]):
    """A runner that gets more from the cores by concurrent batches on one thread each."""

    def predict_single_threaded(self, batch: Sequence[Prepared]) -> list[Output]:
        """As `predict`, on the calling thread alone; called from several threads at once."""
        ...
