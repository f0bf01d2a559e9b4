"""Train outputs of the head on new texts, without forgetting old ones.

Each output is a logistic regression on the pooled vector, as it was in the model that serves. The
loss has three parts:

- cross-entropy of the new texts, with the labels by people; what nobody judged does not count,
- that of the replay, public comments, with the probabilities of the model that serves as targets.
  At the weights of that model it is lowest, so its curvature there stands for it: a change counts
  by how much it changes the answers (Kirkpatrick et al., 2017, but with the whole curvature),
- the squared distance to the weights of the model that serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

from training.arrays import Array
from training.emotion.calibrate import sigmoid

# How much the replay counts; the new texts count 1. With BRIGHTER as the new texts, 64 and more
# cost GoEmotions' dev split nothing, and 16 cost it 0.004 of macro-F1.
REPLAY_WEIGHT: Final = 64.0
# Weights of the distance to choose from, by cross-validation on the new texts.
STRENGTHS: Final = (1.0, 0.3, 0.1, 0.03)
FOLDS: Final = 3
# The bias may follow the share of a label among the new texts.
_BIAS_STRENGTH: Final = 1e-6


@dataclass(frozen=True)
class Start:
    """The outputs of the model that serves, and what keeps them.

    Attributes:
        weights: float64 of shape (outputs, hidden size + 1), the bias last.
        curvatures: of the replay's loss, of shape (outputs, hidden size + 1, hidden size + 1).

    """

    weights: Array
    curvatures: Array

    @classmethod
    def of(cls, weights: Array, biases: Array, replay: Array) -> Self:
        """Measure the curvatures.

        Args:
            weights: of shape (hidden size, outputs).
            biases: of shape (outputs,).
            replay: inputs of the head, of shape (texts, hidden size).
        """
        inputs = with_bias(replay)
        start = np.concatenate([weights, biases[None]]).T
        slopes = sigmoid(inputs @ start.T)
        slopes *= REPLAY_WEIGHT * (1 - slopes) / len(inputs)
        curvatures = [(inputs * column[:, None]).T @ inputs for column in slopes.T]
        return cls(start, np.stack(curvatures))


def with_bias(inputs: Array) -> Array:
    """Inputs as float64 with a last column of ones."""
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1, dtype=np.float64)


@dataclass(frozen=True)
class _Problem:
    """One output at one strength, in coordinates in which what is kept is a unit ball.

    With the Cholesky factor L of the curvature and the distance together, a change c of the
    weights becomes u = L^T c, and costs |u|^2 / 2. Few steps of any method solve that.

    Attributes:
        start: weights that serve, of shape (hidden size + 1,).
        factor: L, a lower triangle.
        offsets: logits of the texts by the model that serves.
        inputs: of the texts in the new coordinates, of shape (texts, hidden size + 1).
        targets: 1.0, 0.0 or NaN, of shape (texts,).

    """

    start: Array
    factor: Array
    offsets: Array
    inputs: Array
    targets: Array

    @classmethod
    def of(cls, start: Start, output: int, inputs: Array, targets: Array, strength: float) -> Self:
        distance = np.full(inputs.shape[1], 2 * strength)
        distance[-1] = _BIAS_STRENGTH
        factor = cholesky(start.curvatures[output] + np.diag(distance), lower=True)
        weights = start.weights[output]
        transformed = solve_triangular(factor, inputs.T, lower=True).T
        return cls(weights, factor, inputs @ weights, transformed, targets[:, output])

    def solve(self, rows: Array) -> Array:
        """Minimize the loss on some of the texts; return the change in the new coordinates."""
        rows = rows & ~np.isnan(self.targets)
        inputs, offsets, targets = self.inputs[rows], self.offsets[rows], self.targets[rows]

        def loss(change: Array) -> tuple[float, Array]:
            logits = offsets + inputs @ change
            errors = (sigmoid(logits) - targets) / len(targets)
            entropy = (np.logaddexp(0.0, logits) - targets * logits).mean()
            return float(entropy + change @ change / 2), inputs.T @ errors + change

        result = minimize(loss, np.zeros(len(self.start)), jac=True, method="L-BFGS-B")
        return np.asarray(result.x)

    def logits(self, change: Array) -> Array:
        """Logits of all texts after a change."""
        return np.asarray(self.offsets + self.inputs @ change)

    def weights(self, change: Array) -> Array:
        """Weights after a change."""
        return np.asarray(self.start + solve_triangular(self.factor, change, lower=True, trans="T"))


def fit(start: Start, inputs: Array, targets: Array, strength: float) -> Array:
    """Minimize the loss from the weights that serve; return weights of the same shape.

    Args:
        start: the model that serves.
        inputs: of the new texts, of shape (texts, hidden size + 1).
        targets: 1.0, 0.0, or NaN where nobody judged, of shape (texts, outputs).
        strength: weight of the distance.
    """
    everything = np.ones(len(inputs), dtype=bool)
    problems = [
        _Problem.of(start, output, inputs, targets, strength) for output in range(targets.shape[1])
    ]
    return np.stack([problem.weights(problem.solve(everything)) for problem in problems])


def choose_strength(start: Start, inputs: Array, targets: Array) -> tuple[float, Array]:
    """The strength with the lowest cross-entropy of held-out new texts, and their logits."""
    results = []
    for strength in STRENGTHS:
        logits = cross_validate(start, inputs, targets, strength)
        results.append((cross_entropy(logits, targets), strength, logits))
    _, strength, logits = min(results, key=lambda result: result[0])
    return strength, logits


def cross_validate(start: Start, inputs: Array, targets: Array, strength: float) -> Array:
    """Logits of the new texts, each by a fit without it, of shape (texts, outputs)."""
    folds = np.random.default_rng(0).permutation(len(inputs)) % FOLDS
    logits = np.zeros(targets.shape)
    for output in range(targets.shape[1]):
        problem = _Problem.of(start, output, inputs, targets, strength)
        for fold in range(FOLDS):
            held = folds == fold
            logits[held, output] = problem.logits(problem.solve(~held))[held]
    return logits


def cross_entropy(logits: Array, targets: Array) -> float:
    """Mean over all judgements."""
    return float(np.nanmean(np.logaddexp(0.0, logits) - targets * logits))
