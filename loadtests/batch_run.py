"""Throughput of `samo batch`, compared with that of its emotion classifier.

    python -m loadtests.batch_run [--entries 300] [--rounds 3] [--input FILE.jsonl]

The ceiling is the emotion runner without the rest: the sentences of the same entries, tokenized in
advance, sorted by length, in full single-threaded batches on every core. The batch run reads,
splits, tokenizes, classifies, decides and writes. The two alternate in this process, with the same
number of threads. CPU seconds are reported too, because other processes on a shared machine hardly
affect them. The last line is JSON.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Final

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

from rich.console import Console
from rich.progress import track
from rich.table import Table

from runners.emotion.classifier import EmotionClassifier, TokenIds
from samo.batch.analysis import BatchOptions, Job, ShardWorker
from samo.batch.entries import Entry, Shard
from samo.batch.folder import RunFolder
from samo.batch.json_lines import JsonLines
from samo.batch.store import find_model
from samo.batchers import EMOTION_BATCH_TOKENS
from samo.insight.entry import sentence_texts, split_entry
from samo.settings import Settings

ENTRIES: Final = Path(__file__).parent.parent / "training" / "emotion" / "journal.jsonl"
CEILING: Final = "only the emotion runner"

console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock and CPU seconds of one round, of all threads."""

    wall: float
    cpu: float


def full_batches(texts: Sequence[TokenIds], tokens: int) -> list[list[TokenIds]]:
    """Sort `texts` by length and divide them into batches of at most `tokens` padded tokens."""
    batches: list[list[TokenIds]] = [[]]
    for ids in sorted(texts, key=len):
        if batches[-1] and (len(batches[-1]) + 1) * len(ids) > tokens:
            batches.append([])
        batches[-1].append(ids)
    return batches


def measure(run: Callable[[], None]) -> Seconds:
    """Run once and return its seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def write_entries(source: Path, target: Path, number: int) -> JsonLines:
    """Write `number` entries of `source` to `target`, repeating them if there are fewer."""
    with source.open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    repeated = itertools.islice(itertools.cycle(texts), number)
    target.write_text("".join(json.dumps({"text": text}) + "\n" for text in repeated))
    return JsonLines(target, number)


def batch_run(
    source: JsonLines, shard: Shard, folder: Path, settings: Settings, *, summary: bool
) -> Callable[[], None]:
    """Load the models and return a function that analyses the shard."""
    output = RunFolder(folder / f"summary-{summary}")
    output.start_or_resume({})
    worker = ShardWorker(Job(source, output, BatchOptions(summary=summary), settings))

    def run() -> None:
        answered = worker.run(shard).answered
        if answered != shard.entries:
            raise RuntimeError(f"{answered} of {shard.entries} entries were analysed")

    return run


def report(entries: int, seconds: dict[str, list[Seconds]]) -> dict[str, dict[str, float]]:
    """Print medians over the rounds, and shares of the ceiling in the same round."""
    table = Table("", "entries/s", "share", "entries/CPU s", "share")
    figures: dict[str, dict[str, float]] = {}
    for name, rounds in seconds.items():
        pairs = list(zip(rounds, seconds[CEILING], strict=True))
        figures[name] = {
            "per_second": round(entries / statistics.median(r.wall for r in rounds), 2),
            "share": round(statistics.median(top.wall / r.wall for r, top in pairs), 3),
            "per_cpu_second": round(entries / statistics.median(r.cpu for r in rounds), 2),
            "cpu_share": round(statistics.median(top.cpu / r.cpu for r, top in pairs), 3),
        }
        table.add_row(name, *map(str, figures[name].values()))
    console.print(table)
    return figures


def main() -> None:
    """Run the load test."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.batch_run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--entries", type=int, default=300, help="entries per round (300)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (3)")
    parser.add_argument("--input", type=Path, default=ENTRIES, help="JSON lines with a `text`")
    parser.add_argument(
        "--batch-tokens",
        type=int,
        default=EMOTION_BATCH_TOKENS,
        help="padded tokens per batch of the ceiling",
    )
    args = parser.parse_args()

    settings = Settings.load()
    runner = EmotionClassifier.load(
        Path(find_model(settings, "emotion").path), threads=settings.threads, parallel=True
    )
    runner.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        source = write_entries(args.input, Path(folder) / "entries.jsonl", args.entries)
        (shard,) = source.shards()
        texts = [str(entry.content) for entry in source.read(shard) if isinstance(entry, Entry)]
        sentences = sentence_texts(map(split_entry, texts))
        batches = full_batches([runner.prepare(text) for text in sentences], args.batch_tokens)

        def ceiling() -> None:
            with ThreadPoolExecutor(settings.threads) as executor:
                for _ in executor.map(runner.predict_single_threaded, batches):
                    pass

        runs = {
            CEILING: ceiling,
            "batch, no summary": batch_run(source, shard, Path(folder), settings, summary=False),
            "batch, with summary": batch_run(source, shard, Path(folder), settings, summary=True),
        }
        seconds: dict[str, list[Seconds]] = {name: [] for name in runs}
        for _ in track(range(args.rounds), "rounds", console=console):
            for name, run in runs.items():
                seconds[name].append(measure(run))

    result = {
        "entries": args.entries,
        "sentences": len(sentences),
        "rounds": args.rounds,
        "threads": settings.threads,
        **report(args.entries, seconds),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
