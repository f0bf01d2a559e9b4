"""Add the emotion contexts (another person's, past, wished for) to the head of a trained adapter.

    python -m training.emotion.contexts --adapter RUN/adapter --data ../shared/data --output FOLDER

The encoder and all other outputs stay as they are. Each context is a logistic regression on the
pooled vector, the input of the head, so that one forward pass computes all outputs. It is fitted on
contrast pairs, and on GoEmotions' neutral comments as texts without a context. The strength of the
regularization and the thresholds are chosen by cross-validation; the two texts of a pair are always
in the same fold. The last line of output is JSON.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from runners.emotion.prediction import NEUTRAL
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser, print_json
from training.emotion.calibrate import FOLDS, choose_thresholds, sigmoid
from training.emotion.contrast import MORE_TRAINING_SET, TRAINING_SET
from training.emotion.data import CONTEXTS, load_goemotions, read_lines
from training.emotion.inference import pooled_vectors
from training.emotion.runs import RUN_FILE, TrainingRun
from training.hardware import DEVICE_HELP, DEVICES

NEUTRAL_COMMENTS: Final = 600
# Inverse strengths of regularization to choose from.
STRENGTHS: Final = (0.003, 0.01, 0.03, 0.1)
HEAD_WEIGHT: Final = "base_model.model.head.weight"
HEAD_BIAS: Final = "base_model.model.head.bias"


@dataclass(frozen=True)
class ContextExamples:
    """Texts with their contexts, of shape (texts, contexts) and dtype bool, and their pairs."""

    texts: list[str]
    contexts: Array
    pairs: list[str]


def load_context_examples(data: Path) -> ContextExamples:
    """Load the contrast pairs, and neutral comments as texts without a context."""
    lines = list(read_lines([TRAINING_SET, MORE_TRAINING_SET]))
    texts = [line["text"] for _, line in lines]
    contexts = [[name in line["context"] for name in CONTEXTS] for _, line in lines]
    pairs = [
        location if line["pair"] is None else f"{location.rpartition(':')[0]} {line['pair']}"
        for location, line in lines
    ]
    comments = load_goemotions(data, "train")
    neutral = comments.select(
        np.flatnonzero(comments.column(NEUTRAL) == 1.0)[:NEUTRAL_COMMENTS]
    ).texts
    contexts += [[False] * len(CONTEXTS)] * len(neutral)
    return ContextExamples(texts + neutral, np.asarray(contexts), pairs + neutral)


def _fit(vectors: Array, contexts: Array, strength: float) -> tuple[Array, Array]:
    """Weights of shape (contexts, hidden size) and biases of shape (contexts,)."""
    models = [
        LogisticRegression(C=strength, solver="newton-cholesky").fit(vectors, column)
        for column in contexts.T
    ]
    return (
        np.concatenate([model.coef_ for model in models]),
        np.concatenate([model.intercept_ for model in models]),
    )


def _cross_validate(
    vectors: Array, contexts: Array, pairs: Sequence[str], strength: float
) -> Array:
    """Probabilities of shape (texts, contexts), each by a model that was not fitted on its pair."""
    probabilities = np.zeros(contexts.shape)
    for train, test in GroupKFold(FOLDS).split(vectors, groups=pairs):
        weights, biases = _fit(vectors[train], contexts[train], strength)
        probabilities[test] = sigmoid(vectors[test] @ weights.T + biases)
    return probabilities


def add_contexts(
    adapter: Path, examples: ContextExamples, target: Path, device: str = "auto"
) -> dict[str, dict[str, float]]:
    """Write `adapter` with the contexts to `target`; return threshold and F1 of each context."""
    vectors = pooled_vectors(adapter, examples.texts, device).astype(np.float32)
    best_strength, best_thresholds, best_scores = 0.0, np.zeros(0), np.full(len(CONTEXTS), -1.0)
    for strength in STRENGTHS:
        probabilities = _cross_validate(vectors, examples.contexts, examples.pairs, strength)
        thresholds, _ = choose_thresholds(probabilities, examples.contexts.astype(float))
        scores = f1_score(
            examples.contexts, probabilities >= thresholds, average=None, zero_division=0
        )
        if scores.mean() > best_scores.mean():
            best_strength, best_thresholds, best_scores = strength, thresholds, scores
    _write_adapter(adapter, target, *_fit(vectors, examples.contexts, best_strength))
    return {
        name: {"threshold": float(threshold), "f1": float(score)}
        for name, threshold, score in zip(CONTEXTS, best_thresholds, best_scores, strict=True)
    }


def _write_adapter(adapter: Path, target: Path, weights: Array, biases: Array) -> None:
    """Copy an adapter and replace the contexts of its head."""
    run = TrainingRun.load(adapter)
    kept = len(run.labels) + len(run.moods)
    trained = load_file(adapter / "adapter_model.safetensors")
    for name, rows in ((HEAD_WEIGHT, weights), (HEAD_BIAS, biases)):
        head = trained[name][:kept]
        trained[name] = np.concatenate([head, rows.astype(head.dtype)])
    target.mkdir(parents=True, exist_ok=True)
    save_file(trained, target / "adapter_model.safetensors")
    shutil.copyfile(adapter / "adapter_config.json", target / "adapter_config.json")
    description = json.loads((adapter / RUN_FILE).read_text(encoding="utf-8"))
    description |= {"moods": list(run.moods), "contexts": list(CONTEXTS)}
    (target / RUN_FILE).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.contexts",
        "Add outputs for the emotion contexts to a trained adapter. The last line is JSON.",
    )
    parser.add_argument("--adapter", type=Path, required=True, help="adapter/ of a finished run")
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--output", type=Path, required=True, help="folder for the new adapter")
    parser.add_argument("--device", default="auto", choices=DEVICES, help=DEVICE_HELP)
    args = parser.parse_args()
    examples = load_context_examples(args.data)
    print_json(add_contexts(args.adapter, examples, args.output, args.device))


if __name__ == "__main__":
    main()
