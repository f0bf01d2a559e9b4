"""Evaluate an exported summarizer as served, and compare it with lead and LexRank.

    python -m training.summarizer.evaluate --data ../shared/data --split test

Use `--split dev` to choose and `--split test` only to report. With `--split test`, the figures with
the previously served emotion model are printed, too. The last line of output is JSON.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from exporting.store import model_folder
from runners.emotion.prediction import NEUTRAL
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import Focus
from training.command_line import DATA_HELP, command_parser, print_table
from training.emotion.diaries import PROBES, Diary, load_diaries
from training.emotion.former import print_figures
from training.emotion.served import exported_model, load_classifier
from training.summarizer.baselines import lead, lex_rank
from training.summarizer.composites import Composite, composites
from training.summarizer.dialogues import load_dialogues
from training.summarizer.metrics import SelectionScores
from training.summarizer.pipeline import SummaryPipeline
from training.summarizer.rouge import rouge, truncate_words
from training.summarizer.sentences import goemotions_pool

MAX_SENTENCES = 2
COMPOSITES = 500  # of each kind
FOCUSES: tuple[Focus, ...] = ("core", "feeling", "gist")
# Ranges of the number of comments in the long composites.
MANY_NEUTRAL = (2, 9)
MANY_EMOTIONAL = (1, 3)
# An emotion is kept if it is among this many of the summary's most probable labels.
TOP_LABELS = 3
LATENCY_WORDS = 200
LATENCY_RUNS = 40


def evaluate_composites(
    pipeline: SummaryPipeline, entries: Sequence[Composite], name: str
) -> tuple[dict[str, dict[str, float]], Counter[str]]:
    """Return the metrics of the service and the baselines, and the methods of the service."""
    summaries: dict[str, list[str]] = {
        f"service, at most {MAX_SENTENCES}": [],
        "service, true number": [],
        "Lead, as long": [],
        f"Lead-{MAX_SENTENCES}": [],
        f"LexRank-{MAX_SENTENCES}": [],
    }
    kept = dict.fromkeys(summaries, 0)
    methods: Counter[str] = Counter()
    for composite in tqdm(entries, desc=name, unit="entry"):
        summary = pipeline.summarize(composite.entry, MAX_SENTENCES)
        methods[summary.method] += 1
        texts = (
            summary.text,
            pipeline.summarize(composite.entry, sum(composite.is_emotional)).text,
            *truncate_words([composite.entry], [summary.text]),
            lead(composite.entry, MAX_SENTENCES),
            lex_rank(composite.entry, MAX_SENTENCES),
        )
        primary = pipeline.labels(composite.entry)[0]
        for row, text in zip(summaries, texts, strict=True):
            summaries[row].append(text)
            kept[row] += primary in pipeline.labels(text)[:TOP_LABELS]
    references = [composite.emotional_text for composite in entries]
    return {
        row: asdict(SelectionScores.from_summaries(entries, texts))
        | {"emotion_kept": kept[row] / len(entries)}
        | {"rouge1": rouge(references, texts)["rouge1"]}
        for row, texts in summaries.items()
    }, methods


def evaluate_dialogues(pipeline: SummaryPipeline, data: Path) -> dict[str, dict[str, float]]:
    """Return ROUGE of the service and of baselines of the same length on DialogSum."""
    dialogues = load_dialogues(data)
    texts = [dialogue.text for dialogue in dialogues]
    references = [dialogue.summary for dialogue in dialogues]
    summaries: dict[str, list[str]] = {
        focus: [
            pipeline.summarize(text, MAX_SENTENCES, focus).text
            for text in tqdm(texts, desc=f"dialogues, {focus}", unit="dialogue")
        ]
        for focus in FOCUSES
    }
    gist, core = summaries["gist"], summaries["core"]
    lex_rank_texts = [lex_rank(text, 2 * MAX_SENTENCES) for text in texts]
    compared = {
        "service, focus gist": gist,
        "Lead, as long": truncate_words(texts, gist),
        "LexRank, as long": truncate_words(lex_rank_texts, gist),
        f"Lead-{MAX_SENTENCES}": [lead(text, MAX_SENTENCES) for text in texts],
        f"LexRank-{MAX_SENTENCES}": [lex_rank(text, MAX_SENTENCES) for text in texts],
        "service, focus feeling": summaries["feeling"],
        "service, focus core": core,
        "Lead, as long as core": truncate_words(texts, core),
    }
    return {row: rouge(references, rouge_texts) for row, rouge_texts in compared.items()}


def evaluate_diaries(
    pipeline: SummaryPipeline, diaries: Sequence[Diary]
) -> dict[str, dict[str, float]]:
    """Return ROUGE against the diaries' summaries, and how often the first emotion is kept.

    For `emotion_kept` the first emotion of a diary is the one with the largest labelled share, and
    neutral diaries do not count; for `predicted_emotion_kept` it is the one that the service
    predicts, as for composites.
    """
    texts = [diary.text for diary in diaries]
    references = [diary.summary for diary in diaries]
    first = [max(diary.emotions, key=lambda name: diary.emotions[name]) for diary in diaries]
    predicted = [pipeline.labels(text)[0] for text in texts]
    rows: dict[str, dict[str, float]] = {}
    for focus in FOCUSES:
        summaries = [
            pipeline.summarize(text, MAX_SENTENCES, focus).text
            for text in tqdm(texts, desc=f"diaries, {focus}", unit="diary")
        ]
        top = [pipeline.labels(summary)[:TOP_LABELS] for summary in summaries]
        kept = [
            emotion in labels
            for emotion, labels in zip(first, top, strict=True)
            if emotion != NEUTRAL
        ]
        rows[f"service, focus {focus}"] = rouge(references, summaries) | {
            "emotion_kept": float(np.mean(kept)),
            "predicted_emotion_kept": float(
                np.mean([emotion in labels for emotion, labels in zip(predicted, top, strict=True)])
            ),
        }
        rows[f"Lead, as long as {focus}"] = rouge(references, truncate_words(texts, summaries))
    return rows


def measure_latency(pipeline: SummaryPipeline, entries: Sequence[Composite]) -> dict[str, float]:
    """Median and 95th percentile in ms of the summarizer, without the classifier, on 200 words."""
    requests = []
    sentences: list[str] = []
    for composite in entries:
        sentences.extend(composite.sentences)
        if len(" ".join(sentences).split()) >= LATENCY_WORDS:
            requests.append(pipeline.request(" ".join(sentences), MAX_SENTENCES))
            sentences = []
    if not requests:
        raise ValueError(f"{len(entries)} composites are too few for a text of 200 words.")
    pipeline.summarizer.warm_up()
    milliseconds = []
    for run in range(LATENCY_RUNS):
        start = time.perf_counter()
        pipeline.run(requests[run % len(requests)])
        milliseconds.append(1000 * (time.perf_counter() - start))
    return {
        "median": statistics.median(milliseconds),
        "p95": statistics.quantiles(milliseconds, n=20)[-1],
        "words": LATENCY_WORDS,
    }


def evaluate(pipeline: SummaryPipeline, data: Path, split: str, number: int) -> dict[str, Any]:
    """Evaluate on all sets and print a table for each; return all metrics."""
    pool = goemotions_pool(data, split, max_sentences=1)
    kinds = {
        "written": composites(pool, number),
        "spoken": composites(pool, number, spoken=True),
        "long": composites(pool, number, MANY_NEUTRAL, MANY_EMOTIONAL),
    }
    result: dict[str, Any] = {"split": split, "composites": number}
    for kind, entries in kinds.items():
        rows, methods = evaluate_composites(pipeline, entries, kind)
        print_table(f"{number} {kind} composites of GoEmotions {split}", rows)
        print("methods of the service: " + ", ".join(f"{n} {m}" for m, n in methods.most_common()))
        result[kind] = {"scores": rows, "methods": methods}
    result["dialogsum"] = evaluate_dialogues(pipeline, data)
    print_table("DialogSum dev, odd dialogues, ROUGE F1", result["dialogsum"], digits=1)
    for path in PROBES:
        result[path.stem] = evaluate_diaries(pipeline, load_diaries(path))
        title = f"{path.name}, ROUGE F1 against summaries of other writers"
        print_table(title, result[path.stem])
    result["latency_ms"] = measure_latency(pipeline, kinds["written"])
    print_table("Latency of the summarizer, ms", {"": result["latency_ms"]}, digits=1)
    return result


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.summarizer.evaluate",
        "Evaluate an exported summarizer as served, and compare it with lead and LexRank. The "
        "last line is JSON.",
    )
    parser.add_argument("--data", required=True, type=Path, help=DATA_HELP)
    parser.add_argument(
        "--model",
        type=Path,
        help="folder of an exported model; default: the newest in the store",
    )
    parser.add_argument(
        "--emotion",
        type=exported_model,
        default="large",
        help="emotion classifier: large or small, the newest in the store, or a folder",
    )
    parser.add_argument(
        "--split", default="dev", choices=("dev", "test"), help="split of GoEmotions"
    )
    parser.add_argument(
        "--composites", type=int, default=COMPOSITES, help="number of composites per kind"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of the summarizer")
    args = parser.parse_args()
    folder = args.model or model_folder("samo-summarizer")
    pipeline = SummaryPipeline(
        Summarizer.load(folder, threads=args.threads), load_classifier(args.emotion)
    )
    print_figures(
        "training.summarizer.evaluate",
        evaluate(pipeline, args.data, args.split, args.composites),
        args.emotion,
        is_default=args.split == "test" and args.composites == COMPOSITES,
    )


if __name__ == "__main__":
    main()
