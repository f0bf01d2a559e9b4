"""Measure an exported summarizer, as the service uses it, beside Lead and LexRank.

    python -m training.summarizer.evaluate --data PATH --split test

Prints tables for people and, on its last line, the same figures as JSON. `--split dev` is for
choosing, `--split test` for the one report.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from exporting.store import model_folder
from runners.emotion.calibration import NEUTRAL, Probabilities
from runners.emotion.classifier import EmotionClassifier
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import Focus, Summary, SummaryRequest
from runners.text.sentences import split_sentences
from training.emotion.diaries import PROBE, Diary, load_diaries
from training.summarizer.baselines import lead, lex_rank
from training.summarizer.composites import Composite, composites
from training.summarizer.dialogues import Dialogue, cut, load_dialogues, rouge
from training.summarizer.metrics import Selection
from training.summarizer.sentences import load_goemotions

MAX_SENTENCES = 2
FOCUSES: tuple[Focus, ...] = ("core", "feeling", "gist")
# Comments of the harder entries.
MANY_NEUTRAL = (2, 9)
MANY_EMOTIONAL = (1, 3)
TOP = 3
LATENCY_WORDS = 200
LATENCY_RUNS = 40


class Service:
    """The classifier and the summarizer, put together as `samo.insight.pipeline` does."""

    def __init__(self, summarizer: Summarizer, classifier: EmotionClassifier) -> None:
        self.summarizer = summarizer
        self.classifier = classifier
        self._neutral = classifier.calibration.labels.index(NEUTRAL)
        self._known: dict[str, Probabilities] = {}

    def rows(self, texts: Sequence[str]) -> list[Probabilities]:
        """Probabilities of each text; a sentence that comes again is not classified again."""
        unknown = sorted({text for text in texts if text not in self._known}, key=len)
        if unknown:
            prepared = [self.classifier.prepare(text) for text in unknown]
            self._known |= zip(unknown, self.classifier.predict(prepared), strict=True)
        return [self._known[text] for text in texts]

    def request(self, entry: str, number: int, focus: Focus = "core") -> SummaryRequest:
        """The request that the pipeline makes of an entry."""
        rows = self.rows([sentence.text for sentence in split_sentences(entry)])
        return SummaryRequest(entry, number, [1 - float(row[self._neutral]) for row in rows], focus)

    def summarize(self, request: SummaryRequest) -> Summary:
        """Answer one request."""
        return self.summarizer.predict([self.summarizer.prepare(request)])[0]

    def feelings(self, text: str) -> list[str]:
        """Labels of the whole of a text, likeliest first."""
        sentences = [sentence.text for sentence in split_sentences(text)]
        if not sentences:
            return []
        whole = self.classifier.calibration.aggregate(
            self.rows(sentences), [len(sentence) for sentence in sentences]
        )
        order = np.argsort(-np.asarray(whole)[: len(self.classifier.calibration.labels)])
        return [self.classifier.calibration.labels[index] for index in order]


def on_composites(
    service: Service, entries: Sequence[Composite], name: str
) -> tuple[dict[str, dict[str, float]], Counter[str]]:
    """Figures of the service and the baselines on composites, and how the service answered."""
    served: dict[str, list[str]] = {
        f"service, at most {MAX_SENTENCES}": [],
        "service, true number": [],
        f"Lead-{MAX_SENTENCES}": [],
        f"LexRank-{MAX_SENTENCES}": [],
    }
    kept = dict.fromkeys(served, 0)
    methods: Counter[str] = Counter()
    for composite in track(entries, description=name, transient=True):
        request = service.request(composite.entry, MAX_SENTENCES)
        summary = service.summarize(request)
        known = SummaryRequest(composite.entry, sum(composite.chosen), request.salience)
        methods[summary.method] += 1
        texts = (
            summary.text,
            service.summarize(known).text,
            lead(composite.entry, MAX_SENTENCES),
            lex_rank(composite.entry, MAX_SENTENCES),
        )
        primary = service.feelings(composite.entry)[0]
        for row, text in zip(served, texts, strict=True):
            served[row].append(text)
            kept[row] += primary in service.feelings(text)[:TOP]
    return {
        row: asdict(Selection.of(entries, texts)) | {"emotion_kept": kept[row] / len(entries)}
        for row, texts in served.items()
    }, methods


def on_dialogues(service: Service, path: Path) -> dict[str, dict[str, float]]:
    """ROUGE of the service and of baselines of the same length."""
    dialogues = load_dialogues(path)
    gist, feeling, core = [], [], []
    for dialogue in track(dialogues, description="dialogues", transient=True):
        request = service.request(dialogue.text, MAX_SENTENCES, "gist")
        gist.append(service.summarize(request).text)
        felt = SummaryRequest(dialogue.text, MAX_SENTENCES, request.salience, "feeling")
        feeling.append(service.summarize(felt).text)
        both = SummaryRequest(dialogue.text, MAX_SENTENCES, request.salience, "core")
        core.append(service.summarize(both).text)
    texts = [dialogue.text for dialogue in dialogues]
    return {
        "service, focus gist": rouge(dialogues, gist),
        "Lead, as long": rouge(dialogues, cut(texts, gist)),
        "LexRank, as long": rouge(
            dialogues, cut([lex_rank(text, 2 * MAX_SENTENCES) for text in texts], gist)
        ),
        f"Lead-{MAX_SENTENCES}": rouge(dialogues, [lead(text, MAX_SENTENCES) for text in texts]),
        f"LexRank-{MAX_SENTENCES}": rouge(
            dialogues, [lex_rank(text, MAX_SENTENCES) for text in texts]
        ),
        "service, focus feeling": rouge(dialogues, feeling),
        "service, focus core": rouge(dialogues, core),
        "Lead, as long as core": rouge(dialogues, cut(texts, core)),
    }


def on_diaries(service: Service, diaries: Sequence[Diary]) -> dict[str, dict[str, float]]:
    """ROUGE against the diaries' own summaries, and whether the diary's first emotion is kept.

    The emotion of a diary and of a summary's sentences are those that people gave; a neutral diary
    has none to keep.
    """
    written = [Dialogue(" ".join(diary.sentences), diary.summary) for diary in diaries]
    rows: dict[str, dict[str, float]] = {}
    for focus in FOCUSES:
        texts, kept = [], []
        for diary, entry in zip(diaries, written, strict=True):
            summary = service.summarize(service.request(entry.text, MAX_SENTENCES, focus))
            texts.append(summary.text)
            first = max(diary.whole, key=lambda emotion: diary.whole[emotion])
            if first != NEUTRAL:
                kept.append(first in service.feelings(summary.text)[:TOP])
        rows[f"service, focus {focus}"] = rouge(written, texts) | {
            "emotion_kept": sum(kept) / len(kept)
        }
        lead_texts = cut([entry.text for entry in written], texts)
        rows[f"Lead, as long as {focus}"] = rouge(written, lead_texts)
    return rows


def latency(service: Service, entries: Sequence[Composite]) -> dict[str, float]:
    """Median and 95th percentile, in ms, of the summarizer alone on entries of 200 words."""
    requests: list[SummaryRequest] = []
    sentences: list[str] = []
    for composite in entries:
        sentences.extend(composite.sentences)
        if len(" ".join(sentences).split()) >= LATENCY_WORDS:
            requests.append(service.request(" ".join(sentences), MAX_SENTENCES))
            sentences = []
    if not requests:
        raise ValueError(f"{len(entries)} entries are too few to time one of 200 words.")
    service.summarizer.warm_up()
    milliseconds = []
    for run in range(LATENCY_RUNS):
        start = time.perf_counter()
        service.summarize(requests[run % len(requests)])
        milliseconds.append(1000 * (time.perf_counter() - start))
    return {
        "median": statistics.median(milliseconds),
        "p95": statistics.quantiles(milliseconds, n=20)[-1],
        "words": LATENCY_WORDS,
    }


def show(title: str, rows: dict[str, dict[str, float]], digits: int) -> None:
    """Print figures by row."""
    table = Table(title=title)
    table.add_column("", no_wrap=True)
    for column in next(iter(rows.values())):
        table.add_column(column.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.{digits}f}" for value in row.values()))
    Console(width=110).print(table)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.summarizer.evaluate",
        description="Measure an exported summarizer beside Lead and LexRank.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--model", type=Path, help="CTranslate2 export; default: the model store's")
    parser.add_argument(
        "--emotion", type=Path, help="exported emotion classifier; default: the model store's"
    )
    parser.add_argument(
        "--data", required=True, type=Path, help="folder with goemotions/ and summaries/"
    )
    parser.add_argument("--split", default="dev", choices=("dev", "test"))
    parser.add_argument("--composites", type=int, default=500, help="how many entries")
    parser.add_argument("--threads", type=int, default=1, help="of the summarizer")
    arguments = parser.parse_args()

    service = Service(
        Summarizer.load(
            arguments.model or model_folder("samo-summarizer"), threads=arguments.threads
        ),
        EmotionClassifier.load(arguments.emotion or model_folder("samo-emotion"), threads=2),
    )
    pool = load_goemotions(arguments.data / "goemotions", arguments.split, 1)
    number = arguments.composites
    kinds = {
        "written": composites(pool, number),
        "spoken": composites(pool, number, spoken=True),
        "long": composites(pool, number, MANY_NEUTRAL, MANY_EMOTIONAL),
    }
    result: dict[str, Any] = {"split": arguments.split, "composites": number}
    for kind, entries in kinds.items():
        rows, methods = on_composites(service, entries, kind)
        show(f"{number} {kind} composites of GoEmotions {arguments.split}", rows, 3)
        print("methods of the service: " + ", ".join(f"{n} {m}" for m, n in methods.most_common()))
        result[kind] = {"scores": rows, "methods": methods}
    result["dialogsum"] = on_dialogues(
        service, arguments.data / "summaries" / "dialogsum" / "dialogsum.dev.jsonl"
    )
    show("DialogSum dev, odd dialogues, ROUGE F1", result["dialogsum"], 1)
    result["diaries"] = on_diaries(service, load_diaries(PROBE))
    show("Diary probe, ROUGE F1 against the summaries of another writer", result["diaries"], 3)
    result["latency_ms"] = latency(service, kinds["written"])
    print(
        f"{LATENCY_WORDS} words, {arguments.threads} thread(s): median "
        f"{result['latency_ms']['median']:.1f} ms, 95th percentile "
        f"{result['latency_ms']['p95']:.1f} ms"
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
