"""Measure an exported summarizer on composites of held-out comments.

    python -m training.summarizer.evaluate --model PATH --data PATH

Prints a table for people and, on its last line, the same figures as JSON. `--split dev` is for
choosing, `--split test` for the one report.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from runners.emotion import EmotionClassifier
from runners.summarizer import PreparedSummary, Summarizer, SummaryRequest
from samo.emotions import NEUTRAL
from samo.errors import ModelFailure
from samo.sentences import split
from training.evaluation.stored import stored_folder
from training.summarizer.corpora import load_goemotions
from training.summarizer.lessons import Example, held_out
from training.summarizer.scores import Selection

# No hint: the composites hold one to three emotional sentences.
BUDGET = 3
LATENCY_WORDS = 200
BATCH = 16


def bare_outputs(summarizer: Summarizer, composites: Sequence[Example]) -> list[str]:
    """Collect what the model itself writes, before anything is checked or cleaned."""
    parts = [summarizer.encode(example.source) for example in composites]
    return [
        output
        for start in range(0, len(parts), BATCH)
        for output in summarizer.generate(parts[start : start + BATCH])
    ]


def entry_of(example: Example) -> str:
    """Return the composite without its prefix."""
    return example.source.partition(": ")[2]


def salience_of(classifier: EmotionClassifier, entry: str) -> list[float]:
    """How much each sentence feels, as `samo.pipeline` has it."""
    neutral = classifier.scale.labels.index(NEUTRAL)
    rows = classifier.predict([classifier.prepare(sentence.text) for sentence in split(entry)])
    return [1.0 - float(row[neutral]) for row in rows]


def served(
    summarizer: Summarizer,
    classifier: EmotionClassifier,
    composites: Sequence[Example],
    budget: int,
) -> tuple[list[str], Counter[str]]:
    """Collect what the service answers, and how often by which method."""
    texts: list[str] = []
    methods: Counter[str] = Counter()
    for example in composites:
        entry = entry_of(example)
        salience = salience_of(classifier, entry)
        request = summarizer.prepare(SummaryRequest(entry, budget, salience))
        try:
            summary = summarizer.predict([request])[0]
        except ModelFailure:
            texts.append("")
            methods["failed"] += 1
        else:
            texts.append(summary.text)
            methods[summary.method] += 1
    return texts, methods


def latency(
    summarizer: Summarizer, composites: Sequence[Example], runs: int = 40
) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds, of an entry of 200 words in 3 sentences."""
    words = " ".join(" ".join(example.sentences) for example in composites)
    entries: list[PreparedSummary] = []
    sentences: list[str] = []
    for example in composites:
        for sentence in example.sentences:
            sentences.append(sentence)
            if len(" ".join(sentences).split()) >= LATENCY_WORDS:
                entry = " ".join(sentences)
                salience = [1.0] * len(split(entry))
                entries.append(summarizer.prepare(SummaryRequest(entry, BUDGET, salience)))
                sentences = []
    if not entries:
        raise ValueError(f"{len(words.split())} words are too few to time an entry.")
    summarizer.warm_up()
    milliseconds = []
    for run in range(runs):
        start = time.perf_counter()
        summarizer.predict([entries[run % len(entries)]])
        milliseconds.append(1000 * (time.perf_counter() - start))
    return statistics.median(milliseconds), statistics.quantiles(milliseconds, n=20)[-1]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.summarizer.evaluate",
        description="Measure an exported summarizer on composites of held-out comments.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--model", required=True, type=Path, help="CTranslate2 export")
    parser.add_argument(
        "--emotion", type=Path, help="exported emotion classifier; default: the model store's"
    )
    parser.add_argument("--data", required=True, type=Path, help="folder with goemotions/")
    parser.add_argument("--split", default="dev", choices=("dev", "test"))
    parser.add_argument("--composites", type=int, default=500, help="how many entries")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    summarizer = Summarizer.load(arguments.model, threads=arguments.threads)
    classifier = EmotionClassifier.load(
        arguments.emotion or stored_folder("samo-emotion"), threads=arguments.threads
    )
    pool = load_goemotions(arguments.data / "goemotions", arguments.split, 1)
    composites = held_out(pool, arguments.composites, BUDGET)
    hinted = held_out(pool, arguments.composites, None)
    texts, methods = served(summarizer, classifier, composites, BUDGET)
    scores = {
        "model, 3 asked for": Selection.of(composites, bare_outputs(summarizer, composites)),
        "model, true number asked for": Selection.of(hinted, bare_outputs(summarizer, hinted)),
        "service, 3 asked for": Selection.of(composites, texts),
        "everything chosen": Selection.of(composites, [" ".join(e.sentences) for e in composites]),
    }
    median, slow = latency(summarizer, composites)

    print(f"{arguments.composites} composites of GoEmotions {arguments.split}, beam ", end="")
    print(f"{summarizer.task.num_beams}")
    print(f"{'':30}{'F1':>8}{'precision':>11}{'recall':>8}{'faithful':>10}{'clean':>8}")
    for name, score in scores.items():
        print(
            f"{name:30}{score.f1:8.3f}{score.precision:11.3f}{score.recall:8.3f}"
            f"{score.faithfulness:10.3f}{score.clean:8.3f}"
        )
    print("methods of the service: " + ", ".join(f"{n} {m}" for m, n in methods.most_common()))
    print(f"{LATENCY_WORDS} words, {arguments.threads} threads: ", end="")
    print(f"median {median:.1f} ms, 95th percentile {slow:.1f} ms")
    print(
        json.dumps(
            {
                "split": arguments.split,
                "composites": arguments.composites,
                "scores": {name: dataclasses.asdict(score) for name, score in scores.items()},
                "methods": methods,
                "latency_ms": {"median": median, "p95": slow, "words": LATENCY_WORDS},
            }
        )
    )


if __name__ == "__main__":
    main()
