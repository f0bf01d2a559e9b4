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
    ("stable", "before", "draft", "complete_draft", "expected"),
    [
        ("", "", "And so my", False, ""),
        ("", "And so", "and so my fellow", False, "and so"),
        # the last word of a draft waits, unless it ends at a pause
        ("", "ask not", "ask not", False, "ask"),
        ("", "ask not", "ask not", True, "ask not"),
        # punctuation after the last agreed word depends on what follows
        ("", "ask not.", "ask not, what", False, "ask not"),
        ("And so", "And so my fellow", "And so my fellow America", False, "And so my fellow"),
        ("And so", "And so my", "And we are", False, "And so"),
        ("", "don't", "don't go", False, "don't"),
        ("", "我 们", "我 们 去", False, "我 们"),
    ],
)
def test_two_drafts_agree(stable, before, draft, complete_draft, expected):
    assert extend_stable(stable, before, draft, is_complete=complete_draft) == expected


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
        extended = extend_stable(stable, before, continued, is_complete=False)
        assert extended.startswith(stable)
        assert continued.startswith(extended) or extended == stable
        stable, before = extended, continued
    assert complete(stable, final).startswith(stable)
