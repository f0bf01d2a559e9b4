"""How well whole entries are read: which emotions, how strong, how mixed.

    python -m training.emotion.evaluate_entries --dataset PATH [--model FOLDER]

On the diary probe, and on entries made of comments of GoEmotions' test split (`composites`). The
row "every label" is what an entry gets where each emotion of its sentences counts: the power mean
with exponent 12, which an earlier version served. Nothing is chosen here. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr
from sklearn.metrics import f1_score

from exporting.store import model_folder
from runners.emotion.calibration import NEUTRAL, EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from samo.insight.groupings import group_emotions
from training.emotion.data import SPLITS, load_goemotions
from training.emotion.diaries import PROBE, Diary, composites, load_diaries
from training.emotion.inference import classify

Array = npt.NDArray[Any]
Entries = Sequence[tuple[Diary, Array]]
# From the rows of an entry's sentences and their lengths to the outputs of the whole.
Aggregate = Callable[[Array, Sequence[float]], Array]

COMPOSITES: Final = 300
CALM_BELOW: Final = 0.3
INTENSE_ABOVE: Final = 0.7


def every_label(rows: Array, lengths: Sequence[float], neutral: int) -> Array:
    """The power mean with exponent 12, and for the output `neutral` with exponent -12."""
    shares = np.asarray(lengths, dtype=np.float64) / float(np.sum(lengths))
    exponents = np.full(rows.shape[1], 12.0)
    exponents[neutral] *= -1.0
    means = (shares[:, None] * np.clip(rows, 1e-6, 1.0) ** exponents).sum(axis=0)
    return np.asarray(means ** (1.0 / exponents), dtype=np.float32)


def measure(
    calibration: EmotionCalibration, entries: Entries, aggregate: Aggregate
) -> dict[str, float]:
    """Agreement of the wholes with their labels."""
    truths, decided, ranks, first = [], [], [], []
    for diary, rows in entries:
        truth = diary.shares(calibration.labels)
        whole = aggregate(rows, diary.lengths)
        names = [emotion.name for emotion in calibration.decide(whole)]
        truths.append(truth > 0)
        decided.append([label in names for label in calibration.labels])
        ranks.append(spearmanr(whole[: len(truth)], truth).statistic)
        first.append(truth[calibration.labels.index(names[0])] > 0)
    counts = np.sum(decided, axis=1)
    return {
        "labels_median": float(np.median(counts)),
        "labels_mean": float(np.mean(counts)),
        "micro_f1": float(f1_score(truths, decided, average="micro", zero_division=0)),
        "rank_correlation": float(np.nanmean(ranks)),
        "first_right": float(np.mean(first)),
    }


def measure_wholes(calibration: EmotionCalibration, entries: Entries) -> dict[str, float]:
    """Intensity, mixed days and joy, which only the reading of whole entries tells."""
    readings = [
        calibration.interpret_entry(
            calibration.aggregate(list(rows), d.lengths), list(rows), d.lengths
        )
        for d, rows in entries
    ]
    told = np.asarray([reading.intensity for reading in readings])
    truth = np.asarray([diary.intensity for diary, _ in entries])
    mixed = [diary.kind == "mixed" for diary, _ in entries]
    groups = [
        group_emotions(calibration, calibration.aggregate(list(rows), d.lengths))
        for d, rows in entries
    ]
    joyful = [any(one.name == "joy" for one in own.ekman) for own in groups]
    return {
        "intensity_calm": float(told[truth < CALM_BELOW].mean()),
        "intensity_intense": float(told[truth > INTENSE_ABOVE].mean()),
        "intensity_gap": float(
            told[truth > INTENSE_ABOVE].mean() - told[truth < CALM_BELOW].mean()
        ),
        "intensity_correlation": float(np.corrcoef(told, truth)[0, 1]),
        "mixed_f1": float(f1_score(mixed, [reading.mixed for reading in readings])),
        "joy_among_groups": float(np.mean(joyful)),
        "neutral_alone": float(
            np.mean([[e.name for e in r.emotions] == [NEUTRAL] for r in readings])
        ),
    }


def evaluate(classifier: EmotionClassifier, dataset: Path, split: str) -> dict[str, Any]:
    """Figures by set and way of reading."""
    calibration = classifier.calibration
    diaries = load_diaries(PROBE)
    rows = classify(classifier, [text for diary in diaries for text in diary.sentences])
    ends = np.cumsum([len(diary.sentences) for diary in diaries])[:-1]
    comments = load_goemotions(dataset, split)
    of_comments = classify(classifier, comments.texts).astype(np.float32)
    sets: dict[str, Entries] = {
        "diaries": list(zip(diaries, np.split(rows.astype(np.float32), ends), strict=True)),
        "composites": [(e, of_comments[r]) for e, r in composites(comments, COMPOSITES)],
    }
    ways: dict[str, Aggregate] = {
        "served": lambda own, lengths: calibration.aggregate(list(own), lengths),
        "every label": lambda own, lengths: every_label(
            own, lengths, calibration.labels.index(NEUTRAL)
        ),
    }
    figures: dict[str, Any] = {
        name: {way: measure(calibration, entries, aggregate) for way, aggregate in ways.items()}
        for name, entries in sets.items()
    }
    figures["diaries"]["served"] |= measure_wholes(calibration, sets["diaries"])
    return figures


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.evaluate_entries",
        description="Evaluate how whole entries are read. The last line is JSON.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--split", default="test", choices=SPLITS)
    parser.add_argument("--model", type=Path, help="exported folder; default: the model store's")
    given = parser.parse_args()
    classifier = EmotionClassifier.load(given.model or model_folder("samo-emotion"), threads=2)
    figures = evaluate(classifier, given.dataset, given.split)
    console = Console()
    for name, ways in figures.items():
        table = Table("figure", *ways, title=name)
        for figure in ways["served"]:
            values = (way.get(figure) for way in ways.values())
            table.add_row(
                figure.replace("_", " "), *("" if v is None else f"{v:.3f}" for v in values)
            )
        console.print(table)
    rounded = {
        name: {way: {k: round(v, 4) for k, v in row.items()} for way, row in ways.items()}
        for name, ways in figures.items()
    }
    print(json.dumps(rounded))


if __name__ == "__main__":
    main()
