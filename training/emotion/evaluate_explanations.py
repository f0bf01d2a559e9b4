"""Whether the words that /predict names are those that decide, and what it costs to ask.

    python -m training.emotion.evaluate_explanations --dataset PATH [--texts 300] [--model FOLDER]

Faithfulness by ERASER (DeYoung et al., 2020, https://arxiv.org/abs/1911.03429), for each emotion
but neutral that is decided for in a text of the dev split. The words are ranked by mask
occlusion, by deletion occlusion, or at random; the top fifth is the rationale r of text x.

- comprehensiveness, p(x) - p(x without r): high where r holds what decides;
- sufficiency, p(x) - p(r alone): low where r by itself decides.

A ranking that erases as the measure does has an advantage, so both are measured by all three
erasures: mask token, deletion, and the unknown token, which no ranking uses. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer
from tqdm import tqdm

from exporting.store import model_folder
from runners.batching import Batcher
from runners.emotion.calibration import NEUTRAL, Probabilities
from runners.emotion.classifier import EmotionClassifier, OccludedText, TokenIds
from runners.fakes import FakeSummarizer, FakeTranscriber
from samo.factory import EMOTION_BATCH_TOKENS
from samo.insight.entry import MAX_UNSPLIT_CHARACTERS
from samo.insight.explanation import explain
from samo.insight.pipeline import Pipeline
from samo.insight.words import split_words
from training.emotion.data import load_goemotions

Array = npt.NDArray[np.float64]
RATIONALE: Final = 0.2
# The share of a text's words is a whole number of words, and not all of them.
MIN_WORDS: Final = 5
ERASURES: Final = ("mask", "deletion", "unknown")
RANKINGS: Final = ("mask", "deletion", "random")
BATCH_TOKENS: Final = 1024
RESAMPLES: Final = 2000
TIMED_REPEATS: Final = 5
TIMED_TEXTS: Final = {
    15: "I finally saw my cousins after ten years and was so happy I cried.",
    50: "I finally saw my cousins after ten years and was so happy I cried. We cooked all day, "
    "told the old stories again and laughed until it hurt. In the evening they drove home, and "
    "now the house is quiet, and I sit here and miss every one of them.",
}


class Eraser:
    """Hides words from a classifier in three ways; all of them on token ids."""

    def __init__(self, classifier: EmotionClassifier, tokenizer: Tokenizer) -> None:
        self.classifier = classifier
        unknown = tokenizer.model.unk_token
        self._unknown_id = int(tokenizer.token_to_id(unknown))

    def erase(self, text: str, spans: Sequence[tuple[int, int]], how: str) -> TokenIds:
        """Token ids of `text` without `spans`, shape (tokens,)."""
        masked: TokenIds = self.classifier.prepare(OccludedText(text, tuple(spans)))
        hidden = masked == self.classifier.mask_id  # a text holds no mask token of its own
        if how == "deletion":
            kept: TokenIds = masked[~hidden]
            return kept
        if how == "unknown":
            masked[hidden] = self._unknown_id
        return masked


@dataclass
class Case:
    """A text, the labels decided for and p(x); `spans` are its words."""

    text: str
    spans: list[tuple[int, int]]
    decided: list[int]
    whole: Probabilities


def classify(classifier: EmotionClassifier, batch: Sequence[TokenIds]) -> list[Probabilities]:
    """Probabilities in the order of `batch`, like lengths together, as the batcher does."""
    rows: list[Probabilities] = [np.empty(0, np.float32)] * len(batch)
    order = sorted(range(len(batch)), key=lambda index: len(batch[index]))
    while order:
        part = [order.pop()]
        longest = len(batch[part[0]])
        while order and (len(part) + 1) * longest <= BATCH_TOKENS:
            part.append(order.pop())
        for index, row in zip(part, classifier.predict([batch[i] for i in part]), strict=True):
            rows[index] = row
    return rows


def find_cases(classifier: EmotionClassifier, texts: Sequence[str], wanted: int) -> list[Case]:
    """The first `wanted` texts of `MIN_WORDS` words or more in which something is felt."""
    neutral = classifier.calibration.labels.index(NEUTRAL)
    cases: list[Case] = []
    for text in texts:
        spans = [(word.start, word.end) for word in split_words(text)]
        if len(spans) < MIN_WORDS or len(text) > MAX_UNSPLIT_CHARACTERS:
            continue
        (row,) = classifier.predict([classifier.prepare(text)])
        names = [emotion.name for emotion in classifier.calibration.decide(row)]
        decided = [classifier.calibration.labels.index(name) for name in names]
        if decided != [neutral]:
            cases.append(Case(text, spans, [i for i in decided if i != neutral], row))
        if len(cases) == wanted:
            break
    return cases


def occlude(eraser: Eraser, case: Case, how: str) -> Array:
    """Weights of the words by occlusion, shape (words, labels)."""
    variants = [eraser.erase(case.text, [span], how) for span in case.spans]
    rows = np.stack(classify(eraser.classifier, variants))
    return case.whole.astype(np.float64) - rows


def faithfulness(eraser: Eraser, case: Case, scores: Array) -> Array:
    """Comprehensiveness and sufficiency by each erasure, shape (labels decided, 2, erasures).

    `scores` has shape (words, labels): the ranking.
    """
    size = max(1, round(RATIONALE * len(case.spans)))
    variants: list[TokenIds] = []
    for label in case.decided:
        top = set(np.argsort(-scores[:, label], kind="stable")[:size].tolist())
        rationale = [span for index, span in enumerate(case.spans) if index in top]
        rest = [span for index, span in enumerate(case.spans) if index not in top]
        variants += [
            eraser.erase(case.text, spans, how) for spans in (rationale, rest) for how in ERASURES
        ]
    rows = np.stack(classify(eraser.classifier, variants)).reshape(
        len(case.decided), 2, len(ERASURES), -1
    )
    return np.stack(
        [
            case.whole[label] - rows[number, :, :, label].astype(np.float64)
            for number, label in enumerate(case.decided)
        ]
    )


def interval(differences: Array, generator: np.random.Generator) -> tuple[float, float]:
    """95 % of the bootstrap means of paired differences, shape (cases,)."""
    picks = generator.integers(len(differences), size=(RESAMPLES, len(differences)))
    low, high = np.percentile(differences[picks].mean(axis=1), [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def time_explanations(classifier: EmotionClassifier) -> dict[str, Any]:
    """Milliseconds of a plain answer and of an explained one, in turns, through the pipeline."""

    async def measure() -> dict[str, Any]:
        def batcher(name: str, runner: Any, budget: int) -> Batcher[Any, Any, Any]:
            return Batcher(name, runner, max_batch_cost=budget, max_wait_seconds=60)

        pipeline = Pipeline(
            batcher("transcriber", FakeTranscriber(), 1),
            batcher("emotion", classifier, EMOTION_BATCH_TOKENS),
            batcher("summarizer", FakeSummarizer(), 1),
            classifier.calibration,
        )
        figures: dict[str, Any] = {}
        for words, text in TIMED_TEXTS.items():
            plain: list[float] = []
            explained: list[float] = []
            for _ in tqdm(range(TIMED_REPEATS), desc=f"timing {words} words", unit="pair"):
                start = time.perf_counter()
                await pipeline.classify([text])
                middle = time.perf_counter()
                await pipeline.explain(text, None, None)
                plain.append((middle - start) * 1000)
                explained.append((time.perf_counter() - middle) * 1000)
            figures[f"{words}_words"] = {
                "variants": len(split_words(text)),
                "plain_ms": round(float(np.median(plain)), 1),
                "explained_ms": round(float(np.median(explained)), 1),
                "ratio": round(float(np.median(np.divide(explained, plain))), 1),
            }
        for part in (pipeline.transcriber, pipeline.emotion, pipeline.summarizer):
            part.close()
        return figures

    return asyncio.run(measure())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.evaluate_explanations",
        description="Measure how faithful explanations are. The last line is JSON.",
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--texts", type=int, default=300, help="dev texts in which one feels")
    parser.add_argument("--model", type=Path, help="exported folder; default: the model store's")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = arguments.model or model_folder("samo-emotion")
    classifier = EmotionClassifier.load(folder, threads=2)
    eraser = Eraser(classifier, Tokenizer.from_file(str(folder / "tokenizer.json")))
    generator = np.random.default_rng(arguments.seed)
    texts = load_goemotions(arguments.dataset, "dev").texts
    cases = find_cases(
        classifier, [texts[i] for i in generator.permutation(len(texts))], arguments.texts
    )

    measured: dict[str, list[Array]] = {ranking: [] for ranking in RANKINGS}
    milliseconds: list[float] = []
    busy: list[float] = []
    listed: list[int] = []
    for case in tqdm(cases, desc="explaining", unit="text"):
        start, busy_start = time.perf_counter(), time.process_time()
        masked = occlude(eraser, case, "mask")
        milliseconds.append((time.perf_counter() - start) * 1000)
        busy.append((time.process_time() - busy_start) * 1000)
        rankings = {
            "mask": masked,
            "deletion": occlude(eraser, case, "deletion"),
            "random": generator.random(masked.shape),
        }
        for ranking, scores in rankings.items():
            measured[ranking].append(faithfulness(eraser, case, scores))
        words = split_words(case.text)
        listed += [len(explain("", words, masked[:, label]).words) for label in case.decided]
    results = {ranking: np.concatenate(parts) for ranking, parts in measured.items()}

    table = Table(
        "ranked by", "erased by", "comprehensiveness ↑", "sufficiency ↓",
        title=f"{len(listed)} emotions in {len(cases)} dev texts, top {RATIONALE:.0%} of the words",
    )  # fmt: skip
    figures: dict[str, Any] = {}
    for ranking, values in results.items():
        for column, erasure in enumerate(ERASURES):
            comprehensiveness, sufficiency = values[:, :, column].mean(axis=0)
            table.add_row(ranking, erasure, f"{comprehensiveness:.3f}", f"{sufficiency:.3f}")
            figures[f"{ranking}_by_{erasure}"] = {
                "comprehensiveness": round(float(comprehensiveness), 4),
                "sufficiency": round(float(sufficiency), 4),
            }
    differences = results["mask"] - results["deletion"]
    Console().print(table)
    print(
        json.dumps(
            {
                "texts": len(cases),
                "emotions": len(listed),
                "erased_by": figures,
                "mask_minus_deletion_95": {
                    erasure: {
                        "comprehensiveness": interval(differences[:, 0, column], generator),
                        "sufficiency": interval(differences[:, 1, column], generator),
                    }
                    for column, erasure in enumerate(ERASURES)
                },
                "median_ms": round(float(np.median(milliseconds)), 1),
                "median_cpu_ms": round(float(np.median(busy)), 1),
                "median_words": float(np.median([len(case.spans) for case in cases])),
                "median_words_listed": float(np.median(listed)),
                "share_without_words": round(float(np.mean(np.equal(listed, 0))), 4),
                "through_pipeline": time_explanations(classifier),
            }
        )
    )


if __name__ == "__main__":
    main()
