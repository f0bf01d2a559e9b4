"""Measure what observing costs the service.

    python -m training.drift.cost --data FOLDER

Shows GoEmotions dev to the service's monitor, without Redis. The last line of output is JSON:

- `loop_microseconds_median`, `loop_microseconds_p99`: time on the event loop per text,
- `cpu_microseconds`: CPU time per text of all threads, with the comparisons.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from samo.drift.reference import Reference
from samo.insight.entry import split_text
from training.command_line import DATA_HELP, command_parser, print_json
from training.drift.outputs import Classifier, ObservedText
from training.drift.reference import texts_reference
from training.drift.replay import MonitorFactory, monitor_factory
from training.drift.traffic import read_dev


async def measure(create: MonitorFactory, texts: Sequence[ObservedText]) -> dict[str, float]:
    """The figures."""
    monitor = create()
    seconds = []
    cpu = time.process_time()
    for text in texts:
        start = time.perf_counter()
        monitor.observe_text(text.passages, text.probabilities)
        seconds.append(time.perf_counter() - start)
        await monitor.drain()
    cpu = time.process_time() - cpu
    median, p99 = np.percentile(seconds, [50, 99]) * 1e6
    return {
        "texts": len(texts),
        "loop_microseconds_median": float(median),
        "loop_microseconds_p99": float(p99),
        "cpu_microseconds": cpu / len(texts) * 1e6,
    }


def main() -> None:
    """The command line."""
    parser = command_parser("training.drift.cost", (__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    data = parser.parse_args().data
    logging.getLogger("bentoml.samo.drift").setLevel(logging.ERROR)
    classifier = Classifier()
    model = classifier.observed_model
    texts = classifier.observe(read_dev(data), split_text)
    streams = {"texts": texts_reference(model, texts)}
    with tempfile.TemporaryDirectory() as scratch:
        reference = Reference(dict(model.sha256), "dev", streams)
        create = monitor_factory(reference, model, Path(scratch))
        print_json(asyncio.run(measure(create, texts)))


if __name__ == "__main__":
    main()
