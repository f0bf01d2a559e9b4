"""Fit the weights of the selection of sentences (`runners/summarizer/ranking.py`).

    python -m training.summarizer.fit_selection --data ../shared/data

Each pair of sentences of an entry is a candidate for its summary. Ridge regression predicts, from
the sum of the features of its sentences, how far the ROUGE-1 of a pair exceeds that of the other
pairs of the same entry. Part of the ROUGE-1 of the lead of the same length is subtracted, because
longer summaries have a higher ROUGE whichever sentences they take. Entries are the diaries, and
composites of GoEmotions' dev comments, whose summaries are their emotional comments. The table is
by cross-validation over the diaries. The last line of output is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from exporting.store import model_folder
from runners.summarizer.ranking import WEIGHTS_FILE, Features, Ranking
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import SummaryRequest
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser, print_json, print_table
from training.emotion.diaries import DIARIES, DIARIES_MORE, Diary, load_diaries
from training.emotion.served import add_model_argument, load_classifier
from training.summarizer.composites import Composite, composites
from training.summarizer.pipeline import SummaryPipeline
from training.summarizer.rouge import Rouge1
from training.summarizer.sentences import goemotions_pool

# The share of the lead's ROUGE-1 that is subtracted. With 0 the summaries get long, with 1 short;
# cross-validation differs little between 0.5 and 0.9.
LEAD_SHARE: Final = 0.8
# Weights of the two files of diaries and of the composites. The writers differ in how often an
# entry begins with its topic. With these weights the service exceeds the lead by about as much for
# either; with equal ones, by less for the first. Without composites, their summaries keep fewer of
# their emotions.
DIARIES_WEIGHT: Final = 0.75
DIARIES_MORE_WEIGHT: Final = 0.25
COMPOSITES_WEIGHT: Final = 0.1
NUMBER_OF_COMPOSITES: Final = 150
# Penalty of the ridge regression, as a share of each feature's variance.
RIDGE: Final = 0.05
FOLDS: Final = 7
DECIMALS: Final = 4


@dataclass(frozen=True)
class Candidates:
    """The pairs of sentences of one entry.

    Attributes:
        pairs: indices of their sentences.
        features: sum of the features of the pair's sentences, of shape (pairs, features).
        rouge: ROUGE-1 of each pair, of shape (pairs,), 0 to 1.
        lead: ROUGE-1 of the beginning of the entry with as many words, of shape (pairs,).

    """

    pairs: tuple[tuple[int, int], ...]
    features: Array
    rouge: Array
    lead: Array

    @classmethod
    def of(cls, request: SummaryRequest, reference: str) -> Candidates:
        """Compute the features and the ROUGE of all pairs of sentences of an entry."""
        sentences = request.sentences or ()
        ranking = Ranking(sentences, request.salience)
        pairs = tuple(combinations(range(len(sentences)), 2))
        rouge = Rouge1(reference)
        words = " ".join(sentences).split()
        texts = [f"{sentences[first]} {sentences[second]}" for first, second in pairs]
        return cls(
            pairs,
            np.asarray([_pair_features(ranking, pair) for pair in pairs]),
            np.asarray([rouge.f1(text) for text in texts]),
            np.asarray([rouge.f1(" ".join(words[: len(text.split())])) for text in texts]),
        )

    def best(self, weights: Array) -> int:
        """Index of the pair with the highest score."""
        return int(np.argmax(self.features @ weights))


def _pair_features(ranking: Ranking, pair: tuple[int, int]) -> Array:
    first, second = pair
    alone, added = ranking.features(first), ranking.features(second, (first,))
    return np.asarray([one + other for one, other in zip(alone, added, strict=True)])


def fit(*groups: tuple[float, Sequence[Candidates]]) -> Array:
    """Return the weights of the features, of shape (features,); each group has a weight, too."""
    moments = [(weight, *_moments(entries)) for weight, entries in groups]
    covariance = sum(weight * covariance for weight, covariance, _ in moments)
    correlation = sum(weight * correlation for weight, _, correlation in moments)
    penalty = np.diag(RIDGE * np.diag(covariance) + 1e-9)
    return np.asarray(np.linalg.solve(covariance + penalty, correlation))


def _moments(entries: Sequence[Candidates]) -> tuple[Array, Array]:
    """Mean over the entries of the features' covariances among themselves and with the target.

    All are taken within an entry, because only its own pairs compete with each other.
    """
    covariances, correlations = [], []
    for entry in entries:
        target = entry.rouge - LEAD_SHARE * entry.lead
        features = entry.features - entry.features.mean(axis=0)
        covariances.append(features.T @ features / len(target))
        correlations.append(features.T @ (target - target.mean()) / len(target))
    return np.asarray(np.mean(covariances, axis=0)), np.asarray(np.mean(correlations, axis=0))


def cross_validate(
    *groups: tuple[float, Sequence[Candidates]],
    fixed: Sequence[tuple[float, Sequence[Candidates]]] = (),
    seed: int = 0,
) -> list[Array]:
    """ROUGE-1 of the selected pairs and of their leads, of shape (entries, 2), for each group.

    Each entry is summarized with weights that were fitted without its fold, on the other folds of
    all groups and on the groups of `fixed`.
    """
    rng = np.random.default_rng(seed)
    folds = [rng.permutation(len(entries)) % FOLDS for _, entries in groups]
    scores = [np.zeros((len(entries), 2)) for _, entries in groups]
    for fold in range(FOLDS):
        rest = [
            (
                weight,
                [entry for entry, other in zip(entries, numbers, strict=True) if other != fold],
            )
            for (weight, entries), numbers in zip(groups, folds, strict=True)
        ]
        weights = fit(*rest, *fixed)
        for score, (_, entries), numbers in zip(scores, groups, folds, strict=True):
            held_out = numbers == fold
            score[held_out] = selected_scores(entries, weights)[held_out]
    return scores


def selected_scores(entries: Sequence[Candidates], weights: Array) -> Array:
    """ROUGE-1 of the selected pair and of its lead, of shape (entries, 2)."""
    scores = [np.stack([entry.rouge, entry.lead], axis=1) for entry in entries]
    return np.stack(
        [score[entry.best(weights)] for score, entry in zip(scores, entries, strict=True)]
    )


def _row(scores: Array, entries: Sequence[Candidates]) -> dict[str, float]:
    rouge, lead = 100 * scores.mean(axis=0)
    return {
        "rouge1": float(rouge),
        "lead_as_long": float(lead),
        "ratio": float(rouge / lead),
        "best_two": float(np.mean([100 * entry.rouge.max() for entry in entries])),
    }


def report(
    first: Sequence[Candidates], second: Sequence[Candidates], composed: Sequence[Candidates]
) -> dict[str, dict[str, float]]:
    """Return the table: by cross-validation, and each file with weights fitted on the other."""
    groups = _groups(first, second, composed)
    fixed = groups[2:]
    first_scores, second_scores = cross_validate(*groups[:2], fixed=fixed)
    alone = {DIARIES.name: (first, second), DIARIES_MORE.name: (second, first)}
    return {
        f"{DIARIES.name}, cross-validated": _row(first_scores, first),
        f"{DIARIES_MORE.name}, cross-validated": _row(second_scores, second),
        **{
            f"{name}, by the other": _row(
                selected_scores(entries, fit((1, other), *fixed)), entries
            )
            for name, (entries, other) in alone.items()
        },
        "composites, fitted": _row(selected_scores(composed, fit(*groups)), composed),
    }


def _groups(
    first: Sequence[Candidates], second: Sequence[Candidates], composed: Sequence[Candidates]
) -> list[tuple[float, Sequence[Candidates]]]:
    return [
        (DIARIES_WEIGHT, first),
        (DIARIES_MORE_WEIGHT, second),
        (COMPOSITES_WEIGHT, composed),
    ]


def diary_candidates(pipeline: SummaryPipeline, diaries: Sequence[Diary]) -> list[Candidates]:
    """Return the pairs of each diary."""
    return [Candidates.of(pipeline.request(diary.text, 2), diary.summary) for diary in diaries]


def composite_candidates(
    pipeline: SummaryPipeline, entries: Sequence[Composite]
) -> list[Candidates]:
    """Return the pairs of each composite of three sentences or more."""
    requests = [pipeline.request(entry.entry, 2) for entry in entries]
    return [
        Candidates.of(request, entry.emotional_text)
        for request, entry in zip(requests, entries, strict=True)
        if len(request.sentences or ()) > 2
    ]


def write_weights(weights: Array, path: Path) -> dict[str, float]:
    """Write the weights, scaled so that the one of recurrence is 1; return them."""
    scaled = weights / abs(Features(*weights).recurrence)
    values = Features(*(round(float(value), DECIMALS) for value in scaled))._asdict()
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return values


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.summarizer.fit_selection",
        "Fit the weights of the selection of sentences on diaries and composites. The last line is "
        "JSON.",
    )
    parser.add_argument("--data", required=True, type=Path, help=DATA_HELP)
    parser.add_argument("--output", type=Path, default=WEIGHTS_FILE, help="file of the weights")
    add_model_argument(parser)
    args = parser.parse_args()
    pipeline = SummaryPipeline(
        Summarizer.load(model_folder("samo-summarizer"), threads=1), load_classifier(args.model)
    )
    first, second = (
        diary_candidates(pipeline, load_diaries(path)) for path in (DIARIES, DIARIES_MORE)
    )
    pool = goemotions_pool(args.data, "dev", max_sentences=1)
    composed = composite_candidates(pipeline, composites(pool, NUMBER_OF_COMPOSITES))
    rows = report(first, second, composed)
    print_table("ROUGE-1 of two sentences", rows, digits=3)
    result: dict[str, Any] = {"scores": rows}
    result["weights"] = write_weights(fit(*_groups(first, second, composed)), args.output)
    print_json(result)


if __name__ == "__main__":
    main()
