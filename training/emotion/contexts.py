"""Add the contexts to a trained head: whose feeling a text tells of, and when.

    python -m training.emotion.contexts --adapter FOLDER --dataset PATH --output FOLDER

The encoder and all other outputs stay as they are. Each context is a logistic regression on the
vector that the head reads, fitted on contrast pairs, so that one forward pass gives all outputs.
Strength of regularization and thresholds are chosen by cross-validation in which the two texts of a
pair stay together. GoEmotions' neutral comments stand for texts that tell of no feeling. The last
line is JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from runners.emotion.calibration import NEUTRAL
from training.emotion.calibrate import FOLDS, choose_thresholds
from training.emotion.contrast import LESSONS, MORE_LESSONS
from training.emotion.data import CONTEXTS, load_goemotions, read_lines
from training.emotion.inference import Run, pooled_vectors
from training.emotion.trainer import RUN

Array = npt.NDArray[Any]

NEUTRAL_COMMENTS: Final = 600
STRENGTHS: Final = (0.003, 0.01, 0.03, 0.1)
HEAD_WEIGHT: Final = "base_model.model.head.weight"
HEAD_BIAS: Final = "base_model.model.head.bias"


def read_contexts(paths: Sequence[Path]) -> tuple[list[str], Array, list[str]]:
    """Texts, contexts of shape (texts, contexts), bool, and the pair that each text belongs to."""
    lines = list(read_lines(paths))
    held = [[name in lesson["context"] for name in CONTEXTS] for _, lesson in lines]
    pairs = [
        place if lesson["pair"] is None else f"{place.rpartition(':')[0]} {lesson['pair']}"
        for place, lesson in lines
    ]
    return [lesson["text"] for _, lesson in lines], np.asarray(held), pairs


def _fit(vectors: Array, held: Array, strength: float) -> tuple[Array, Array]:
    """Weights of shape (contexts, hidden size) and biases of shape (contexts,)."""
    fitted = [
        LogisticRegression(C=strength, solver="newton-cholesky").fit(vectors, column)
        for column in held.T
    ]
    return np.concatenate([one.coef_ for one in fitted]), np.concatenate(
        [one.intercept_ for one in fitted]
    )


def _held_out(vectors: Array, held: Array, pairs: Sequence[str], strength: float) -> Array:
    """Probabilities of shape (texts, contexts), each by a fit that did not see its pair."""
    probabilities = np.zeros(held.shape)
    for train, test in GroupKFold(FOLDS).split(vectors, groups=pairs):
        weights, biases = _fit(vectors[train], held[train], strength)
        probabilities[test] = 1.0 / (1.0 + np.exp(-(vectors[test] @ weights.T + biases)))
    return probabilities


def add_contexts(
    adapter: Path, texts: list[str], held: Array, pairs: Sequence[str], target: Path
) -> dict[str, dict[str, float]]:
    """Write `adapter` with the contexts to `target`; thresholds and held-out F1 by context."""
    vectors = pooled_vectors(adapter, texts).astype(np.float32)
    best, score, thresholds, scores = 0.0, -1.0, np.zeros(len(CONTEXTS)), np.zeros(len(CONTEXTS))
    for strength in STRENGTHS:
        probabilities = _held_out(vectors, held, pairs, strength)
        chosen, _ = choose_thresholds(probabilities, held.astype(float))
        f1 = f1_score(held, probabilities >= chosen, average=None, zero_division=0)
        if f1.mean() > score:
            best, score, thresholds, scores = strength, float(f1.mean()), chosen, f1
    weights, biases = _fit(vectors, held, best)
    run = Run.read(adapter)
    kept = len(run.labels) + len(run.moods)
    trained = load_file(adapter / "adapter_model.safetensors")
    for name, rows in ((HEAD_WEIGHT, weights), (HEAD_BIAS, biases)):
        own = trained[name][:kept]
        trained[name] = np.concatenate([own, rows.astype(own.dtype)])
    target.mkdir(parents=True, exist_ok=True)
    save_file(trained, target / "adapter_model.safetensors")
    shutil.copyfile(adapter / "adapter_config.json", target / "adapter_config.json")
    described = json.loads((adapter / RUN).read_text(encoding="utf-8"))
    described["moods"] = list(run.moods)
    described["contexts"] = list(CONTEXTS)
    (target / RUN).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    return {
        name: {"threshold": round(float(threshold), 4), "f1": round(float(f1), 4)}
        for name, threshold, f1 in zip(CONTEXTS, thresholds, scores, strict=True)
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.contexts",
        description="Add outputs for the contexts to a trained adapter. The last line is JSON.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--adapter", type=Path, required=True, help="adapter/ of a finished run")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--output", type=Path, required=True, help="folder for the new adapter")
    given = parser.parse_args()
    texts, held, pairs = read_contexts([LESSONS, MORE_LESSONS])
    comments = load_goemotions(given.dataset, "train")
    neutral = comments.labels[:, comments.label_names.index(NEUTRAL)] == 1.0
    plain = [comments.texts[row] for row in np.flatnonzero(neutral)[:NEUTRAL_COMMENTS]]
    none = np.zeros((len(plain), len(CONTEXTS)), dtype=bool)
    figures = add_contexts(
        given.adapter, texts + plain, np.concatenate([held, none]), pairs + plain, given.output
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
