"""The ceiling: ONNX Runtime in a loop, no server. Prints one JSON line.

Texts come as they would from clients: of so many in flight the batches are those of like length,
so that next to nothing is padding. Tokenization and the decision are within the time, as they are
in every server's. The best of several batch sizes, with and without spinning threads, counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from loadtests.figures import percentile
from loadtests.peers.model import EmotionModel

BATCH_SIZES = (1, 4, 8, 16)


def like_batches(texts: list[str], in_flight: int, size: int) -> Iterator[list[str]]:
    """Batches of `size` for ever: each `in_flight` texts sorted by length, then cut."""
    stream = cycle(texts)
    while True:
        window = sorted(islice(stream, in_flight), key=len)
        for start in range(0, in_flight, size):
            yield window[start : start + size]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=Path, required=True, help="a file with a JSON body a line")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each setting")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 64])
    options = parser.parse_args()
    texts = [json.loads(line)["text"] for line in options.bodies.read_bytes().splitlines()]
    runs = []
    for spinning in (False, True):
        model = EmotionModel(spinning=spinning)
        model.classify(texts[:1])
        for in_flight in options.in_flight:
            for size in (size for size in BATCH_SIZES if size <= in_flight):
                seconds, cpu, count = [], time.process_time(), 0
                start = time.perf_counter()
                for batch in like_batches(texts, in_flight, size):
                    begun = time.perf_counter()
                    model.classify(batch)
                    now = time.perf_counter()
                    seconds.append(now - begun)
                    count += len(batch)
                    if now - start >= options.seconds:
                        break
                runs.append(
                    {
                        "in_flight": in_flight,
                        "batch": size,
                        "spinning": spinning,
                        "texts_per_second": count / (time.perf_counter() - start),
                        "p50_ms": percentile(seconds, 0.5) * 1000,
                        "p95_ms": percentile(seconds, 0.95) * 1000,
                        "cpu_ms": (time.process_time() - cpu) * 1000 / count,
                    }
                )
    print(json.dumps(runs))


if __name__ == "__main__":
    main()
