"""A runner that doubles numbers, and its batcher."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from runners.base import ParallelRunner, Runner
from runners.batching import Batcher
from runners.errors import InvalidRequest


class Doubler(Runner[int, int, int]):
    """Doubles numbers; refuses 13, fails on 666; blocks each batch until `gate` is set."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        return cls()

    def prepare(self, item: int) -> int:
        if item == 13:
            raise InvalidRequest("13 is refused")
        return item

    def cost(self, prepared: int) -> int:
        return prepared

    def predict(self, batch: Sequence[int]) -> list[int]:
        self.gate.wait(5)
        self.batches.append(list(batch))
        if 666 in batch:
            raise RuntimeError("broken")
        return [2 * number for number in batch]

    def warm_up(self) -> None:
        pass


class ParallelDoubler(Doubler, ParallelRunner[int, int, int]):
    """Records the batches that it computed on one thread separately."""

    def __init__(self) -> None:
        super().__init__()
        self.single_threaded: list[list[int]] = []

    def predict_single_threaded(self, batch: Sequence[int]) -> list[int]:
        self.single_threaded.append(list(batch))
        return [2 * number for number in batch]


def batcher(runner, **options):
    options = {"max_batch_cost": 100, "max_wait_seconds": 10.0, **options}
    return Batcher("doubler", runner, **options)
