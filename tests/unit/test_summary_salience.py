"""What the summarizer makes of its model's output, given how much each sentence feels."""

from __future__ import annotations

import pytest

from runners.summarizer import PreparedSummary, SummaryRequest, _checked

ENTRY = ("The bus was late.", "I was so happy that I cried.", "We had soup.", "I miss them.")
SALIENCE = (0.1, 0.9, 0.05, 0.7)


def checked(generated, salience=SALIENCE, max_sentences=2):
    request = SummaryRequest(" ".join(ENTRY), max_sentences, salience)
    return _checked(PreparedSummary(request, ENTRY, (("part",),)), generated, 0.8)


def test_a_faithful_summary_that_feels_is_taken():
    summary = checked(["I was so happy that I cried."])
    assert (summary.text, summary.method) == ("I was so happy that I cried.", "generated")
    assert summary.sources == (1,)


def test_a_faithful_summary_that_leaves_out_the_feeling_is_not():
    summary = checked(["We had soup."])
    assert (summary.method, summary.sources) == ("extracted", (1, 3))
    assert summary.text == "I was so happy that I cried. I miss them."


def test_an_invention_is_replaced_by_what_feels_most():
    summary = checked(["I married a dragon."], max_sentences=1)
    assert (summary.text, summary.method) == ("I was so happy that I cried.", "extracted")


def test_no_sentence_is_taken_for_the_numbers_sake():
    summary = checked(["I married a dragon."], max_sentences=4)
    assert summary.sources == (1, 3)


def test_without_salience_the_model_is_asked_alone():
    assert checked(["We had soup."], salience=None).method == "generated"


@pytest.mark.parametrize("negated", ["I was not happy that I cried.", "I never miss them."])
def test_a_negation_that_was_not_there_is_an_invention(negated):
    assert checked([negated]).method == "extracted"
