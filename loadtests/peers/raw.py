"""The ceiling: ONNX Runtime in a loop, no server. Prints one JSON line.

Texts come as they would from clients: of so many in flight the batches are those of like length,
so that next to nothing is padding. Tokenization and the decision are within the time, as they are
in every server's. The best of several batch sizes, with and without spinning threads, counts.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from threading import Lock

from loadtests.figures import percentile
from loadtests.peers.model import THREADS_VARIABLE, EmotionModel

BATCH_SIZES = (1, 4, 8, 16)

Run = dict[str, float | bool]


def like_batches(texts: list[str], in_flight: int, size: int) -> Iterator[list[str]]:
    """Batches of `size` for ever: each `in_flight` texts sorted by length, then cut."""
    stream = cycle(texts)
    while True:
        window = sorted(islice(stream, in_flight), key=len)
        for start in range(0, in_flight, size):
            yield window[start : start + size]


@dataclass(frozen=True)
class Setting:
    """How the threads are used: so many loops beside one another, so many threads in each."""

    loops: int
    threads: int
    spinning: bool
    in_flight: int
    batch: int


def settings(threads: int, in_flight: int) -> Iterator[Setting]:
    """All that are tried for a number of texts in flight."""
    for batch in (size for size in BATCH_SIZES if size <= in_flight):
        for spinning in (False, True):
            yield Setting(1, threads, spinning, in_flight, batch)
        if 1 < threads <= in_flight // batch:
            yield Setting(threads, 1, False, in_flight, batch)


def measure(setting: Setting, model: EmotionModel, texts: list[str], seconds: float) -> Run:
    """Classify for so many seconds; what came of it."""
    batches, lock = like_batches(texts, setting.in_flight, setting.batch), Lock()
    taken: list[tuple[float, int]] = []
    cpu, start = time.process_time(), time.perf_counter()

    def loop() -> None:
        now = start
        while now - start < seconds:
            with lock:
                batch = next(batches)
            begun = time.perf_counter()
            model.classify(batch)
            now = time.perf_counter()
            taken.append((now - begun, len(batch)))

    with ThreadPoolExecutor(setting.loops) as executor:
        for future in [executor.submit(loop) for _ in range(setting.loops)]:
            future.result()
    count = sum(texts for _, texts in taken)
    return {
        **asdict(setting),
        "texts_per_second": count / (time.perf_counter() - start),
        "p50_ms": percentile([s for s, _ in taken], 0.5) * 1000,
        "p95_ms": percentile([s for s, _ in taken], 0.95) * 1000,
        "cpu_ms": (time.process_time() - cpu) * 1000 / count,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=Path, required=True, help="a file with a JSON body a line")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each setting")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 64])
    options = parser.parse_args()
    texts = [json.loads(line)["text"] for line in options.bodies.read_bytes().splitlines()]
    threads = int(os.environ[THREADS_VARIABLE])
    models: dict[tuple[int, bool], EmotionModel] = {}
    runs = []
    for in_flight in options.in_flight:
        for setting in settings(threads, in_flight):
            key = setting.threads, setting.spinning
            if key not in models:
                models[key] = EmotionModel(threads=setting.threads, spinning=setting.spinning)
                models[key].classify(texts[:1])
            runs.append(measure(setting, models[key], texts, options.seconds))
    print(json.dumps(runs))


if __name__ == "__main__":
    main()
