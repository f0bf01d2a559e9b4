"""The ceiling: ONNX Runtime in a loop, without a server. Prints one line of JSON.

The texts in flight are sorted by length and divided into batches, so that there is hardly any
padding. Tokenization and thresholds are included, as in every server. The ceiling is the best of
several batch sizes, with and without spinning threads.
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

TimedLoop = dict[str, float | bool]


def batches_by_length(texts: list[str], in_flight: int, size: int) -> Iterator[list[str]]:
    """Yield batches of `size` endlessly, from `in_flight` texts at once, sorted by length."""
    stream = cycle(texts)
    while True:
        window = sorted(islice(stream, in_flight), key=len)
        for start in range(0, in_flight, size):
            yield window[start : start + size]


@dataclass(frozen=True)
class ThreadSetting:
    """`loops` concurrent loops with `threads` threads each."""

    loops: int
    threads: int
    spinning: bool
    in_flight: int
    batch: int


def settings(threads: int, in_flight: int) -> Iterator[ThreadSetting]:
    """Yield all settings to measure for a number of texts in flight."""
    for batch in (size for size in BATCH_SIZES if size <= in_flight):
        for spinning in (False, True):
            yield ThreadSetting(1, threads, spinning, in_flight, batch)
        if 1 < threads <= in_flight // batch:
            yield ThreadSetting(threads, 1, False, in_flight, batch)


def measure(
    setting: ThreadSetting, model: EmotionModel, texts: list[str], seconds: float
) -> TimedLoop:
    """Classify texts for `seconds`; return the setting and its throughput and latency."""
    batches, lock = batches_by_length(texts, setting.in_flight, setting.batch), Lock()
    batch_seconds: list[tuple[float, int]] = []
    cpu, start = time.process_time(), time.perf_counter()

    def loop() -> None:
        now = start
        while now - start < seconds:
            with lock:
                batch = next(batches)
            batch_start = time.perf_counter()
            model.classify(batch)
            now = time.perf_counter()
            batch_seconds.append((now - batch_start, len(batch)))

    with ThreadPoolExecutor(setting.loops) as executor:
        for future in [executor.submit(loop) for _ in range(setting.loops)]:
            future.result()
    count = sum(texts for _, texts in batch_seconds)
    return {
        **asdict(setting),
        "texts_per_second": count / (time.perf_counter() - start),
        "p50_ms": percentile([s for s, _ in batch_seconds], 0.5) * 1000,
        "p95_ms": percentile([s for s, _ in batch_seconds], 0.95) * 1000,
        "cpu_ms": (time.process_time() - cpu) * 1000 / count,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--bodies", type=Path, required=True, help="a file with one JSON body per line"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds per setting")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 64])
    args = parser.parse_args()
    texts = [json.loads(line)["text"] for line in args.bodies.read_bytes().splitlines()]
    threads = int(os.environ[THREADS_VARIABLE])
    models: dict[tuple[int, bool], EmotionModel] = {}
    runs = []
    for in_flight in args.in_flight:
        for setting in settings(threads, in_flight):
            key = setting.threads, setting.spinning
            if key not in models:
                models[key] = EmotionModel(threads=setting.threads, spinning=setting.spinning)
                models[key].classify(texts[:1])
            runs.append(measure(setting, models[key], texts, args.seconds))
    print(json.dumps(runs))


if __name__ == "__main__":
    main()
