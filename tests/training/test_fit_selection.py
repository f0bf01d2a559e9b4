"""The weights of the selection of sentences are fitted to the ROUGE of pairs of sentences."""

from __future__ import annotations

import pytest
from rouge_score.rouge_scorer import RougeScorer

from runners.summarizer.ranking import Features, read_weights
from runners.summarizer.selection import select_sentences
from runners.summarizer.summary import SummaryRequest
from training.emotion.diaries import DIARIES, DIARIES_MORE, FITTED, PROBES, load_diaries
from training.summarizer.fit_selection import (
    Candidates,
    cross_validate,
    fit,
    selected_scores,
    write_weights,
)
from training.summarizer.rouge import Rouge1


@pytest.fixture(scope="module")
def diaries():
    return load_diaries(DIARIES)[:35]


@pytest.fixture(scope="module")
def candidates(diaries):
    """Pairs of the diaries; a sentence is salient if it is labelled with an emotion."""
    return [
        Candidates.of(
            SummaryRequest(
                diary.text,
                2,
                [0.1 if labels == ["neutral"] else 0.9 for labels in diary.labels],
                sentences=tuple(diary.sentences),
            ),
            diary.summary,
        )
        for diary in diaries
    ]


def test_rouge_1_is_that_of_rouge_score(diaries):
    scorer = RougeScorer(["rouge1"], use_stemmer=True)
    for diary in diaries[:5]:
        text = " ".join(diary.sentences[:3])
        expected = scorer.score(diary.summary, text)["rouge1"].fmeasure
        assert Rouge1(diary.summary).f1(text) == pytest.approx(expected)
    assert Rouge1("Rain.").f1("") == 0.0


def test_fitted_weights_beat_the_lead_on_diaries_that_they_have_not_seen(candidates):
    (scores,) = cross_validate((1.0, candidates))
    rouge, lead = scores.mean(axis=0)
    assert rouge > lead
    weights = Features(*fit((1.0, candidates)))
    assert weights.length > 0
    assert weights.salience > 0
    assert weights.repetition < 0


def test_no_pair_has_a_higher_rouge_than_the_best(candidates):
    scores = selected_scores(candidates, fit((1.0, candidates)))
    assert all(
        rouge <= entry.rouge.max() for (rouge, _), entry in zip(scores, candidates, strict=True)
    )


def test_weights_are_read_as_they_were_written(candidates, tmp_path):
    path = tmp_path / "ranking.json"
    written = write_weights(fit((1.0, candidates)), path)
    assert read_weights(path) == Features(**written)
    assert abs(written["recurrence"]) == 1.0


def test_the_committed_weights_beat_the_lead(diaries):
    rouge, lead = 0.0, 0.0
    for diary in [*diaries, *load_diaries(DIARIES_MORE)[:35]]:
        salience = [0.1 if labels == ["neutral"] else 0.9 for labels in diary.labels]
        scorer = Rouge1(diary.summary)
        selected = select_sentences(diary.sentences, 2, salience)
        text = " ".join(diary.sentences[index] for index in selected)
        rouge += scorer.f1(text)
        lead += scorer.f1(" ".join(diary.text.split()[: len(text.split())]))
    assert rouge > lead


def test_no_diary_is_in_two_files():
    texts = [diary.text for path in (*FITTED, *PROBES) for diary in load_diaries(path)]
    assert len(texts) == len(set(texts)) == 363
