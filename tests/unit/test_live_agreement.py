"""LocalAgreement-2: what is stable, and that it is never taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samo.live.agreement import complete, extend_stable

texts = st.lists(st.sampled_from(["so", "Ask", "ask,", "not", "NOT!", "—", "what", "you."])).map(
    " ".join
)


@pytest.mark.parametrize(
    ("stable", "before", "draft", "seconds", "expected"),
    [
        ("", "", "And so my", 10, ""),
        ("", "And so", "and so my fellow", 4, "and so"),
        # the words of the last two seconds wait
        ("", "ask not what", "ask not what", 3, "ask"),
        ("", "ask not what", "ask not what", 6, "ask not"),
        ("", "ask not", "ask not", 1.5, ""),
        # punctuation after the last agreed word depends on what follows
        ("", "ask not.", "ask not, what you", 4, "ask not"),
        ("And so", "And so my fellow", "And so my fellow America", 10, "And so my fellow"),
        ("And so", "And so my", "And we are", 10, "And so"),
        ("", "don't", "don't go", 4, "don't"),
        ("", "我 们", "我 们 去", 8, "我 们"),
    ],
)
def test_two_drafts_agree(stable, before, draft, seconds, expected):
    assert extend_stable(stable, before, draft, seconds=seconds) == expected


@pytest.mark.parametrize(
    ("stable", "final", "expected"),
    [
        ("", "All of it.", "All of it."),
        ("And so", "And so it is.", "And so it is."),
        ("and so", "And so, it is.", "and so, it is."),
        ("And so my fellow Erika", "And so, my fellow Americans, ask.",
         "And so my fellow Erika, ask."),
        ("And so my", "And", "And so my"),
        ("And so my", "", "And so my"),
        ("one two", "three four five", "one two four five"),
        ("But he is", "But he's, he makes me feel", "But he is, he makes me feel"),
        ("We have two", "We had too much of it.", "We have two much of it."),
        ("so the", "Sew the red rose.", "so the red rose."),
    ],
)  # fmt: skip
def test_the_final_text_continues_the_stable_text(stable, final, expected):
    assert complete(stable, final) == expected


@given(st.lists(texts, min_size=1), texts)
def test_stable_text_is_never_taken_back(drafts, final):
    stable, before = "", ""
    for draft in drafts:
        continued = draft if draft.startswith(stable) else stable + " " + draft
        extended = extend_stable(stable, before, continued, seconds=5.0)
        assert extended.startswith(stable)
        assert continued.startswith(extended) or extended == stable
        stable, before = extended, continued
    assert complete(stable, final).startswith(stable)
