"""Add the moods to a trained head: outputs beside the labels, one linear unit a mood.

    python -m training.emotion.moods --adapter RUN/adapter --entries journal.jsonl … --output FOLDER

The encoder stays as it is; each mood is a logistic regression on the vector that the head reads, so
that labels are not touched and one forward pass gives both. Its strength of regularization and the
moods' thresholds are chosen by cross-validation over the entries. Neutral comments of GoEmotions
stand in for texts without a mood of another kind than journals. The last line is JSON.
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
from rich.console import Console
from rich.table import Table
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from tqdm import tqdm

from samo.emotions import NEUTRAL
from training.emotion.calibrate import FOLDS, choose_thresholds
from training.emotion.data import load_goemotions
from training.emotion.inference import pooled_vectors
from training.emotion.trainer import RUN

Array = npt.NDArray[Any]

MOODS: Final = (
    "anxious", "calm", "content", "excited", "frustrated", "grateful", "happy", "hopeful",
    "overwhelmed", "proud", "sad", "tired",
)  # fmt: skip
NEUTRAL_COMMENTS: Final = 1000
STRENGTHS: Final = (0.003, 0.01, 0.03, 0.1, 0.3)
HEAD_WEIGHT: Final = "base_model.model.head.weight"
HEAD_BIAS: Final = "base_model.model.head.bias"


def read_entries(paths: Sequence[Path]) -> tuple[list[str], Array]:
    """Texts of journal lesson files and their moods, shape (texts, moods), bool."""
    entries = [
        json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()
    ]
    held = [[mood in entry["moods"] for mood in MOODS] for entry in entries]
    return [entry["text"] for entry in entries], np.asarray(held)


def _fit(vectors: Array, held: Array, strength: float) -> tuple[Array, Array]:
    """Weights of shape (moods, hidden size) and biases of shape (moods,)."""
    # many more texts than dimensions: Newton's method takes a few steps where L-BFGS takes hundreds
    fitted = [
        LogisticRegression(C=strength, solver="newton-cholesky").fit(vectors, column)
        for column in held.T
    ]
    return np.concatenate([one.coef_ for one in fitted]), np.concatenate(
        [one.intercept_ for one in fitted]
    )


def _held_out(vectors: Array, held: Array, strength: float) -> Array:
    """Probabilities of shape (texts, moods), each by a fit that did not see its text."""
    folds = np.random.default_rng(0).permutation(len(held)) % FOLDS
    probabilities = np.zeros(held.shape)
    for fold in range(FOLDS):
        weights, biases = _fit(vectors[folds != fold], held[folds != fold], strength)
        logits = vectors[folds == fold] @ weights.T + biases
        probabilities[folds == fold] = 1.0 / (1.0 + np.exp(-logits))
    return probabilities


def add_moods(adapter: Path, texts: list[str], held: Array, target: Path) -> dict[str, float]:
    """Write `adapter` with the moods to `target`; F1 by mood on texts that were held out.

    The held-out decisions use thresholds that were chosen on all held-out probabilities.
    """
    vectors = pooled_vectors(adapter, texts).astype(np.float32)  # as the model gave them
    by_strength = {
        strength: _held_out(vectors, held, strength)
        for strength in tqdm(STRENGTHS, desc="cross-validating", unit="strength")
    }
    thresholds = {
        strength: choose_thresholds(probabilities, held.astype(float))[0]
        for strength, probabilities in by_strength.items()
    }
    scores = {
        strength: f1_score(held, p >= thresholds[strength], average=None, zero_division=0)
        for strength, p in by_strength.items()
    }
    best = max(STRENGTHS, key=lambda strength: float(np.mean(scores[strength])))
    weights, biases = _fit(vectors, held, best)

    target.mkdir(parents=True, exist_ok=True)
    run = json.loads((adapter / RUN).read_text(encoding="utf-8"))
    labels = len(run["labels"])
    trained = load_file(adapter / "adapter_model.safetensors")
    for name, rows in ((HEAD_WEIGHT, weights), (HEAD_BIAS, biases)):
        own = trained[name][:labels]
        trained[name] = np.concatenate([own, rows.astype(own.dtype)])
    save_file(trained, target / "adapter_model.safetensors")
    shutil.copyfile(adapter / "adapter_config.json", target / "adapter_config.json")
    run["moods"] = {
        mood: round(float(threshold), 4)
        for mood, threshold in zip(MOODS, thresholds[best], strict=True)
    }
    (target / RUN).write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    return {mood: float(score) for mood, score in zip(MOODS, scores[best], strict=True)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.moods",
        description="Add outputs for the moods to a trained adapter. The last line is JSON.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--adapter", type=Path, required=True, help="adapter/ of a finished run")
    parser.add_argument(
        "--entries", type=Path, nargs="+", required=True, help="lesson files with moods"
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--output", type=Path, required=True, help="folder for the new adapter")
    arguments = parser.parse_args()
    texts, held = read_entries(arguments.entries)
    comments = load_goemotions(arguments.dataset, "train")
    only_neutral = comments.labels[:, comments.label_names.index(NEUTRAL)] == 1.0
    moodless = [comments.texts[row] for row in np.flatnonzero(only_neutral)[:NEUTRAL_COMMENTS]]
    scores = add_moods(
        arguments.adapter,
        texts + moodless,
        np.concatenate([held, np.zeros((len(moodless), len(MOODS)), dtype=bool)]),
        arguments.output,
    )
    table = Table("mood", "F1, held out", "entries", title="Moods by cross-validation")
    for mood, score in scores.items():
        table.add_row(mood, f"{score:.3f}", str(int(held[:, MOODS.index(mood)].sum())))
    Console().print(table)
    macro = float(np.mean(list(scores.values())))
    print(json.dumps({"macro_f1": round(macro, 4), **{k: round(v, 4) for k, v in scores.items()}}))


if __name__ == "__main__":
    main()
