"""Train outputs of the head on new texts, with a replay of old ones.

Each output is a logistic regression on the pooled vector, as it was in the model that serves. The
loss has three parts:

- cross-entropy of the new texts, with the labels by people; what nobody judged does not count,
- cross-entropy of the replay, public comments, with the probabilities of the model that serves: so
  the candidate answers them as before,
- the squared distance to the weights of the model that serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from training.arrays import Array
from training.emotion.calibrate import sigmoid

# Weights of the distance to choose from, by cross-validation on the new texts.
STRENGTHS: Final = (0.3, 0.1, 0.03, 0.01)
FOLDS: Final = 4
MAX_ITERATIONS: Final = 200


@dataclass(frozen=True)
class Examples:
    """Texts as the head sees them.

    Attributes:
        inputs: float32 of shape (texts, hidden size).
        targets: probabilities, or NaN where nobody judged, of shape (texts, outputs).

    """

    inputs: Array
    targets: Array

    def select(self, rows: Array) -> Examples:
        """The texts with these indices."""
        return Examples(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class Layer:
    """Weights of shape (hidden size, outputs), and biases of shape (outputs,)."""

    weights: Array
    biases: Array

    def logits(self, inputs: Array) -> Array:
        """Logits of shape (texts, outputs)."""
        return np.asarray(inputs @ self.weights + self.biases)


def fit(start: Layer, new: Examples, replay: Examples, strength: float) -> Layer:
    """Minimize the loss from the weights `start`, those of the model that serves."""
    parts = [
        (part.inputs, np.nan_to_num(part.targets), _weights(part.targets)) for part in (new, replay)
    ]
    shape = start.weights.shape

    def loss(values: Array) -> tuple[float, Array]:
        change, biases = values[: -shape[1]].reshape(shape), values[-shape[1] :]
        total = strength * float((change**2).sum())
        gradient, bias_gradient = 2 * strength * change, np.zeros(shape[1])
        for inputs, targets, weights in parts:
            z = inputs @ (start.weights + change) + start.biases + biases
            total += float((weights * (np.logaddexp(0.0, z) - targets * z)).sum())
            slope = weights * (sigmoid(z) - targets)
            gradient += inputs.T @ slope
            bias_gradient += slope.sum(axis=0)
        return total, np.concatenate([gradient.ravel(), bias_gradient])

    result = minimize(
        loss,
        np.zeros(start.weights.size + start.biases.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS},
    )
    change, biases = result.x[: -shape[1]].reshape(shape), result.x[-shape[1] :]
    return Layer(start.weights + change, start.biases + biases)


def cross_validate(start: Layer, new: Examples, replay: Examples, strength: float) -> Array:
    """Logits of the new texts, each by a fit without it, of shape (texts, outputs)."""
    folds = np.random.default_rng(0).permutation(len(new.inputs)) % FOLDS
    logits = np.zeros(new.targets.shape)
    for fold in range(FOLDS):
        layer = fit(start, new.select(folds != fold), replay, strength)
        logits[folds == fold] = layer.logits(new.inputs[folds == fold])
    return logits


def choose_strength(start: Layer, new: Examples, replay: Examples) -> tuple[float, Array]:
    """The strength with the lowest cross-entropy of held-out new texts, and their logits."""
    results = []
    for strength in STRENGTHS:
        logits = cross_validate(start, new, replay, strength)
        results.append((cross_entropy(logits, new.targets), strength, logits))
    _, strength, logits = min(results, key=lambda result: result[0])
    return strength, logits


def cross_entropy(logits: Array, targets: Array) -> float:
    """Mean over all judgements."""
    return float(np.nanmean(np.logaddexp(0.0, logits) - targets * logits))


def _weights(targets: Array) -> Array:
    """The same total weight, 1, for each output; 0 where nobody judged."""
    judged = ~np.isnan(targets)
    return np.asarray(judged / np.maximum(judged.sum(axis=0), 1))
