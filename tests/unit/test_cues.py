from __future__ import annotations

import pytest

from samo.cues import find_cues

SAID = {
    "tired": [
        "I am so tired.",
        "Tired, but the good kind.",
        "Came home exhausted and went straight to bed.",
        "I've never been more tired in my life.",
        "The meeting left me drained.",
        "My whole body is tired.",
        "I couldn't sleep and felt exhausted all day.",
        "I was not only tired but sad.",
        "I could barely keep my eyes open at dinner.",
    ],
    "calm": [
        "I've never been calmer.",
        "I couldn’t be more relaxed.",
        "The evening was calm.",
        "This morning I was furious. Now I feel at peace.",
    ],
    "content": ["I am content with my little life.", "I have all I need."],
    "overwhelmed": [
        "I feel completely overwhelmed.",
        "There is just too much on my plate.",
        "I can't keep up anymore.",
    ],
}
NOT_SAID = {
    "tired": [
        "I'm not tired at all.",
        "I don't feel overwhelmed or tired.",
        "I'm no longer tired.",
        "I'm tired of his excuses.",
        "The kids were tired so we left.",
        "I think he is tired.",
        "If I were tired I would go.",
        "I don't think I'm tired.",
        "I'm less tired than yesterday.",
        "He beat me to it.",
        "I'm burnt out on comic books.",
    ],
    "calm": [
        "I tried to stay calm.",
        "I want to feel calm.",
        "He told me to calm down.",
        "The sea was calm.",
        "I was not calm and relaxed.",
        "I was anything but calm.",
        "I have never been calm.",
        "I'm here for blood; a peaceful ending won't do.",
        "We have to calm everybody.",
    ],
    "content": ["I posted new content today.", "I am not content."],
    "overwhelmed": [
        "I was overwhelmed with joy.",
        "There is overwhelming evidence.",
        "It was too much fun.",
        "It wasn't too much for me.",
        "Mom is overwhelmed by the move.",
    ],
}


@pytest.mark.parametrize(("mood", "text"), [(mood, t) for mood, ts in SAID.items() for t in ts])
def test_what_the_writer_says_is_found(mood, text):
    assert mood in find_cues(text).said


@pytest.mark.parametrize(("mood", "text"), [(mood, t) for mood, ts in NOT_SAID.items() for t in ts])
def test_what_is_denied_wished_for_or_said_of_others_is_not(mood, text):
    assert mood not in find_cues(text).said


def test_a_topic_only_touches_its_mood():
    cues = find_cues("I slept four hours.")
    assert cues.said == set()
    assert cues.touched == {"tired"}


def test_a_mood_that_is_said_is_not_also_touched():
    assert find_cues("I slept badly and I'm tired.").touched == set()


@pytest.mark.parametrize("text", ["", "\x00", "😀" * 50, "calm", "AND AND tired", "我累了"])
def test_odd_texts_are_searched(text):
    assert find_cues(text).touched == set()
