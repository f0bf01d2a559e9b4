"""What `samo batch` makes of the machine: its throughput beside the emotion model's own.

    python -m loadtests.bulk [--entries 300] [--rounds 3] [--input FILE.jsonl]

The ceiling is the emotion runner alone: the same entries' sentences, tokenized beforehand, sorted
by length and fed to it in full batches, a core each. The batch reads, splits, tokenizes,
classifies, decides and writes. Both run in turns in this process, with as many threads. CPU seconds
stand beside the clock's, because they hardly suffer from a neighbour on a shared machine. The last
line is JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

from rich.console import Console
from rich.progress import track
from rich.table import Table

from runners.emotion.classifier import EmotionClassifier, TokenIds
from runners.text.sentences import split_sentences
from samo.batch.analysis import Job, Options, ShardWorker
from samo.batch.folder import RunFolder
from samo.batch.sources import Entry, JsonLines
from samo.batch.store import stored
from samo.factory import EMOTION_BATCH_TOKENS
from samo.settings import Settings

ENTRIES: Final = Path(__file__).parent.parent / "training" / "emotion" / "journal.jsonl"

console = Console(stderr=True)


def full_batches(texts: Sequence[TokenIds], tokens: int) -> list[list[TokenIds]]:
    """`texts` sorted by length, in batches of at most `tokens` padded tokens."""
    batches: list[list[TokenIds]] = [[]]
    for ids in sorted(texts, key=len):
        if batches[-1] and (len(batches[-1]) + 1) * len(ids) > tokens:
            batches.append([])
        batches[-1].append(ids)
    return batches


def timed(run: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock and of CPU, of all threads."""
    clock, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - clock, time.process_time() - cpu


def take(source: Path, target: Path, number: int) -> JsonLines:
    """The first `number` entries of `source`, over again where it has fewer, as one shard."""
    with source.open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    chosen = itertools.islice(itertools.cycle(texts), number)
    target.write_text("".join(json.dumps({"text": text}) + "\n" for text in chosen))
    return JsonLines(target, number)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=300, help="entries a round (300)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each in turns (3)")
    parser.add_argument("--input", type=Path, default=ENTRIES, help="JSONL with a text a line")
    parser.add_argument(
        "--batch-tokens", type=int, default=EMOTION_BATCH_TOKENS, help="of the ceiling's batches"
    )
    given = parser.parse_args()

    settings = Settings()
    runner = EmotionClassifier.load(
        Path(stored("emotion").path), threads=settings.threads, parallel=True
    )
    runner.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        source = take(given.input, Path(folder) / "entries.jsonl", given.entries)
        (shard,) = source.shards()
        texts = [str(entry.content) for entry in source.read(shard) if isinstance(entry, Entry)]
        sentences = [sentence.text for text in texts for sentence in split_sentences(text)]
        batches = full_batches([runner.prepare(text) for text in sentences], given.batch_tokens)

        def ceiling() -> None:
            with ThreadPoolExecutor(settings.threads) as executor:
                for _ in executor.map(runner.predict_single_threaded, batches):
                    pass

        def batch_with(*, summary: bool) -> Callable[[], None]:
            out = RunFolder(Path(folder) / f"summary-{summary}", "jsonl")
            out.begin({})
            worker = ShardWorker(Job(source, out, Options(summary=summary), settings))
            return lambda: _complete(worker.run(shard).answered)

        def _complete(answered: int) -> None:
            if answered != given.entries:
                raise RuntimeError(f"{answered} of {given.entries} entries were answered")

        runs = {
            "emotion runner alone": ceiling,
            "batch, no summary": batch_with(summary=False),
            "batch, with summary": batch_with(summary=True),
        }
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for _ in track(range(given.rounds), "rounds", console=console):
            for name, run in runs.items():
                seconds[name].append(timed(run))

    table = Table("", "entries/s", "share", "entries/CPU s", "share")
    result: dict[str, object] = {
        "entries": given.entries,
        "sentences": len(sentences),
        "rounds": given.rounds,
        "threads": settings.threads,
    }
    for name, own in seconds.items():
        figures: list[float] = []
        for kind in (0, 1):  # the clock, the CPU; shares are of the ceiling of the same round
            pairs = zip(own, seconds["emotion runner alone"], strict=True)
            share = statistics.median(alone[kind] / mine[kind] for mine, alone in pairs)
            rate = given.entries / statistics.median(mine[kind] for mine in own)
            figures += [round(rate, 2), round(share, 3)]
        table.add_row(name, *map(str, figures))
        keys = ("per_second", "share", "per_cpu_second", "cpu_share")
        result[name] = dict(zip(keys, figures, strict=True))
    console.print(table)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
