"""Evaluate how faithful the explanations of /predict are, and how long they take.

    python -m training.emotion.evaluate_explanations --data ../shared/data [--texts 300]

Words of texts of GoEmotions' dev split are ranked by occlusion with the mask token (as the service
does with the likeliest reasons), by occlusion with deletion, or at random. The measures are in
`training.emotion.faithfulness`. A ranking has an advantage if the measure erases words in the same
way, so each is measured with three erasures, of which no ranking uses the unknown token. The last
line of output is JSON.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer
from tqdm import tqdm

from runners.batching import Batcher
from runners.emotion.classifier import EmotionClassifier
from runners.emotion.prediction import NEUTRAL
from runners.fakes import FakeSummarizer, FakeTranscriber
from samo.batchers import EMOTION_BATCH_TOKENS
from samo.insight.pipeline import Pipeline
from samo.insight.words import split_words
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser, print_json
from training.emotion.data import load_goemotions
from training.emotion.evaluate_reasons import explain
from training.emotion.faithfulness import (
    ERASURES,
    RATIONALE_SHARE,
    Eraser,
    ExplainedText,
    confidence_interval,
    faithfulness,
    find_texts,
    occlusion_weights,
)
from training.emotion.served import add_model_argument, load_classifier

RANKINGS: Final = ("mask", "deletion", "random")
MEASURES: Final = ("comprehensiveness", "sufficiency")
TIMED_REPEATS: Final = 5
# By number of words.
TIMED_TEXTS: Final = {
    15: "I finally saw my cousins after ten years and was so happy I cried.",
    50: "I finally saw my cousins after ten years and was so happy I cried. We cooked all day, "
    "told the old stories again and laughed until it hurt. In the evening they drove home, and "
    "now the house is quiet, and I sit here and miss every one of them.",
}


@dataclass
class Measurements:
    """Results for all texts.

    `scores` has, by ranking, one array of shape (labels decided, 2, erasures) per text. `seconds`
    and `cpu_seconds` are those of an explanation as served, one value per text; `words_listed` is
    the number of words that it lists, one value per emotion.
    """

    scores: dict[str, list[Array]] = field(default_factory=lambda: {name: [] for name in RANKINGS})
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    words_listed: list[int] = field(default_factory=list)

    def add(self, eraser: Eraser, explained: ExplainedText, rng: np.random.Generator) -> None:
        """Measure the rankings of one text."""
        start, cpu_start = time.perf_counter(), time.process_time()
        explanations = explain(eraser.classifier, explained.text)
        self.seconds.append(time.perf_counter() - start)
        self.cpu_seconds.append(time.process_time() - cpu_start)
        self.words_listed += [len(one.words) for one in explanations if one.emotion != NEUTRAL]
        masked = occlusion_weights(eraser, explained, "mask")
        rankings = {
            "mask": masked,
            "deletion": occlusion_weights(eraser, explained, "deletion"),
            "random": rng.random(masked.shape),
        }
        for name, weights in rankings.items():
            self.scores[name].append(faithfulness(eraser, explained, weights))

    def summary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Means by ranking and erasure, and the advantage of the mask token over deletion."""
        scores = {name: np.concatenate(parts) for name, parts in self.scores.items()}
        differences = scores["mask"] - scores["deletion"]
        return {
            "emotions": len(self.words_listed),
            "erased_by": {
                f"{ranking}_by_{erasure}": {
                    measure: float(values[:, row, column].mean())
                    for row, measure in enumerate(MEASURES)
                }
                for ranking, values in scores.items()
                for column, erasure in enumerate(ERASURES)
            },
            "mask_minus_deletion_95": {
                erasure: {
                    measure: confidence_interval(differences[:, row, column], rng)
                    for row, measure in enumerate(MEASURES)
                }
                for column, erasure in enumerate(ERASURES)
            },
            "median_ms": round(float(np.median(self.seconds)) * 1000, 1),
            "median_cpu_ms": round(float(np.median(self.cpu_seconds)) * 1000, 1),
            "median_words_listed": float(np.median(self.words_listed)),
            "share_without_words": float(np.mean(np.equal(self.words_listed, 0))),
        }


def print_faithfulness(figures: dict[str, Any]) -> None:
    """Print a row per ranking and erasure."""
    table = Table(
        "ranked_by_erasure", "comprehensiveness ↑", "sufficiency ↓",
        title=f"{figures['emotions']} emotions in {figures['texts']} dev texts, "
        f"top {RATIONALE_SHARE:.0%} of the words",
    )  # fmt: skip
    for name, row in figures["erased_by"].items():
        table.add_row(name, *(f"{row[measure]:.3f}" for measure in MEASURES))
    Console().print(table)


def time_explanations(classifier: EmotionClassifier) -> dict[str, Any]:
    """Milliseconds of a prediction with and without explanation, alternating, in the pipeline."""
    pipeline = Pipeline(
        _batcher("transcriber", FakeTranscriber(), 1),
        _batcher("emotion", classifier, EMOTION_BATCH_TOKENS),
        _batcher("summarizer", FakeSummarizer(), 1),
        classifier.calibration,
    )

    async def measure() -> dict[str, Any]:
        figures = {
            f"{words}_words": await _time_text(pipeline, text)
            for words, text in TIMED_TEXTS.items()
        }
        for batcher in (pipeline.transcriber, pipeline.emotion, pipeline.summarizer):
            batcher.close()
        return figures

    return asyncio.run(measure())


def _batcher(name: str, runner: Any, max_batch_cost: int) -> Batcher[Any, Any, Any]:
    return Batcher(name, runner, max_batch_cost=max_batch_cost, max_wait_seconds=60)


async def _time_text(pipeline: Pipeline, text: str) -> dict[str, Any]:
    plain: list[float] = []
    explained: list[float] = []
    for _ in tqdm(range(TIMED_REPEATS), desc="timing", unit="pair"):
        start = time.perf_counter()
        await pipeline.classify([text])
        middle = time.perf_counter()
        await pipeline.explain(text, None, None)
        plain.append((middle - start) * 1000)
        explained.append((time.perf_counter() - middle) * 1000)
    return {
        "words": len(split_words(text)),
        "plain_ms": round(float(np.median(plain)), 1),
        "explained_ms": round(float(np.median(explained)), 1),
        "ratio": round(float(np.median(np.divide(explained, plain))), 1),
    }


def evaluate(
    classifier: EmotionClassifier,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    number: int,
    seed: int,
) -> dict[str, Any]:
    """Return the metrics on `number` of `texts`, which are drawn in random order."""
    rng = np.random.default_rng(seed)
    eraser = Eraser(classifier, tokenizer)
    found = find_texts(classifier, [texts[i] for i in rng.permutation(len(texts))], number)
    measurements = Measurements()
    for explained in tqdm(found, desc="explaining", unit="text"):
        measurements.add(eraser, explained, rng)
    return {
        "texts": len(found),
        **measurements.summary(rng),
        "median_words": float(np.median([len(explained.words) for explained in found])),
    }


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.evaluate_explanations",
        "Measure how faithful explanations are and how long they take. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--texts", type=int, default=300, help="number of dev texts to explain")
    add_model_argument(parser)
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices")
    args = parser.parse_args()
    folder = args.model
    classifier = load_classifier(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = load_goemotions(args.data, "dev").texts
    figures = evaluate(classifier, tokenizer, texts, args.texts, args.seed)
    print_faithfulness(figures)
    print_json(figures | {"through_pipeline": time_explanations(classifier)})


if __name__ == "__main__":
    main()
