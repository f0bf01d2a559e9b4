"""`samo serve` with models that fail or are slow on request, for `make chaos` and tests.

    CHAOS_FAULTS=faults.json python -m loadtests.chaos.faulty_server --port 3000

The file says what a model does before it computes a batch: `{"summarizer": {"sleep_seconds": 60},
"emotion": {"fail": true}, "transcriber": {"seconds_per_item": 1}}`. It is read before every batch,
so that the faults of a running server can be changed. The wrapped methods are those of the real
models and of their fakes.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from runners import fakes
from runners.emotion.classifier import EmotionClassifier
from runners.summarizer.summarizer import Summarizer
from runners.transcriber.transcriber import Transcriber
from samo import serve

FAULTS_VARIABLE: Final = "CHAOS_FAULTS"

_METHODS: Final[Sequence[tuple[str, type, Sequence[str]]]] = (
    ("transcriber", Transcriber, ("predict",)),
    ("emotion", EmotionClassifier, ("predict", "predict_single_threaded")),
    ("summarizer", Summarizer, ("predict",)),
    ("transcriber", fakes.FakeTranscriber, ("predict",)),
    ("emotion", fakes.FakeEmotionClassifier, ("predict",)),
    ("summarizer", fakes.FakeSummarizer, ("predict",)),
)


class InjectedError(RuntimeError):
    """The error of a model that is told to fail."""


def write_faults(file: Path, faults: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the faults of a running server, in one step."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(faults), encoding="utf-8")
    new.replace(file)


@contextmanager
def faults(file: Path, **by_model: Mapping[str, Any]) -> Iterator[None]:
    """A running server has these faults while the block runs, and none afterwards."""
    write_faults(file, by_model)
    try:
        yield
    finally:
        write_faults(file, {})


def _faulty(model: str, method: Callable[..., Any], file: Path) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(runner: Any, batch: Sequence[Any]) -> Any:
        fault = json.loads(file.read_text(encoding="utf-8")).get(model, {})
        seconds = fault.get("sleep_seconds", 0.0) + fault.get("seconds_per_item", 0.0) * len(batch)
        # not time.sleep, which fails under libfaketime, with which tests set the clock
        threading.Event().wait(seconds)
        if fault.get("fail"):
            raise InjectedError
        return method(runner, batch)

    return call


def main() -> None:
    """Wrap the models, then serve."""
    file = Path(os.environ[FAULTS_VARIABLE])
    if not file.exists():
        write_faults(file, {})
    for model, runner, names in _METHODS:
        for name in names:
            setattr(runner, name, _faulty(model, getattr(runner, name), file))
    serve.main(sys.argv[1:])


if __name__ == "__main__":
    main()
