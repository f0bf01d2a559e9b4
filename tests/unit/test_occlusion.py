"""Which words are hidden to explain an emotion, and what hiding them changes."""

from __future__ import annotations

import numpy as np

from runners.emotion.calibration import EmotionCalibration
from samo.insight.entry import aggregate, split_entry
from samo.insight.explanation import MIN_WORD_WEIGHT
from samo.insight.occlusion import (
    HIDDEN_WORDS,
    HIDDEN_WORDS_IF_UNLIKELY,
    entry_weights,
    find_possible_reasons,
    words_to_explain,
)


def test_weights_are_drops_of_the_entry_level_probabilities():
    calibration = EmotionCalibration(("joy", "neutral"), np.full(2, 0.5, np.float32))
    entry = split_entry("Such joy today! The bus left at seven in the morning.")
    first, second = (np.asarray(row, np.float32) for row in ([0.9, 0.1], [0.2, 0.8]))
    hidden = np.asarray([0.1, 0.9], np.float32)
    classified = aggregate(calibration, entry, [first, second])
    weights = entry_weights(calibration, classified, [(0, hidden), (1, second)])
    lengths = [15, 37]
    expected = calibration.aggregate([first, second], lengths) - calibration.aggregate(
        [hidden, second], lengths
    )
    assert entry.lengths == lengths
    assert weights.shape == (2, 2)
    assert np.allclose(weights[0], expected, atol=1e-6)
    assert np.allclose(weights[1], 0.0)


def test_an_explanation_does_not_depend_on_the_other_emotions():
    calibration = EmotionCalibration(("joy", "anger", "neutral"), np.full(3, 0.5, np.float32))
    entry = split_entry("Such joy today! That anger again.")
    rows = [np.asarray(row, np.float32) for row in ([0.5, 0.0, 0.1], [0.4, 0.9, 0.1])]
    classified = aggregate(calibration, entry, rows)
    words = words_to_explain(entry)

    def joy(emotions):
        possible = find_possible_reasons(calibration, classified, words, emotions)
        occlusion = possible.occlude(calibration, [np.full((len(possible.words), 3), 0.9)])
        # without any word the sentence shows nothing
        outputs = [np.asarray([0.0, 0.0, 1.0], np.float32) for _ in occlusion.inputs]
        return occlusion.explain(calibration, outputs)[0]

    assert {word.word.text for word in joy(["joy"]).words} == {"Such", "joy", "today"}
    assert joy(["joy", "anger"]) == joy(["joy"])


# Probabilities of joy, anger and neutral in two sentences: each matters for one emotion.
ROWS = ([0.9, 0.0, 0.9], [0.4, 0.9, 0.9])


def occluded(reasons):
    """The occlusion of an entry of two sentences; `reasons` are of shape (28 words, 2 emotions)."""
    calibration = EmotionCalibration(("joy", "anger", "neutral"), np.full(3, 0.5, np.float32))
    entry = split_entry("A b c d e f g h i j k l m n o. P q r s t u v w x y z.")
    classified = aggregate(calibration, entry, [np.asarray(row, np.float32) for row in ROWS])
    words = words_to_explain(entry)
    possible = find_possible_reasons(calibration, classified, words, ["joy", "anger", "neutral"])
    assert "".join(one.word.text for one in possible.words) == "Abcdefghijklmno.Pqrstuvwxyz."
    reasons = np.column_stack([reasons, np.zeros(28)])
    return calibration, possible.occlude(calibration, [reasons[:16], reasons[16:]])


def test_for_each_emotion_the_likeliest_reasons_are_hidden_and_weighed():
    # for either emotion the likeliest are in the sentence that does not matter for it
    anger_reasons = [*np.full(16, 0.98), *np.linspace(0.9, 0.5, 12)]
    reasons = np.column_stack([np.linspace(0.5, 0.9, 28), anger_reasons])
    calibration, occlusion = occluded(reasons)
    texts = [one.word.text for one in occlusion.words]
    assert "".join(texts) == "ghijklmno." + "Pqrstuvwxy"
    assert len(texts) == 2 * HIDDEN_WORDS
    assert occlusion.words_of == {
        "joy": [*range(10)], "anger": [*range(10, 20)], "neutral": [],
    }  # fmt: skip
    np.testing.assert_allclose(occlusion.reasons[:, :2], reasons[6:26])

    outputs = []
    for one in occlusion.words:
        # hiding "n" leaves half of the joy, another of these words no emotion at all
        share = {"n": 0.5, "k": 0.0, "P": 0.0, "y": 0.0}.get(one.word.text, 1.0)
        outputs.append(np.asarray(ROWS[one.sentence], np.float32) * np.float32(share))
    joy, anger, neutral = occlusion.explain(calibration, outputs)
    assert [one.word.text for one in joy.words] == ["k", "n"]
    assert joy.words[0].weight > joy.words[1].weight
    assert [one.word.text for one in anger.words] == ["P"]  # "y" is a less likely reason
    assert neutral.words == []


def single_sentence(joy_reasons):
    """Occlusion of a sentence of 26 words; `joy_reasons` are reversed for neutral."""
    calibration = EmotionCalibration(("joy", "neutral"), np.full(2, 0.5, np.float32))
    entry = split_entry("a b c d e f g h i j k l m n o p q r s t u v w x y z")
    classified = aggregate(calibration, entry, [np.asarray([0.9, 0.8], np.float32)])
    words = words_to_explain(entry)
    possible = find_possible_reasons(calibration, classified, words, ["joy", "neutral"])
    return possible.occlude(calibration, [np.column_stack([joy_reasons, joy_reasons[::-1]])])


def test_no_word_is_hidden_for_neutral():
    occlusion = single_sentence(np.linspace(0.9, 0.1, 26))
    assert [one.word.text for one in occlusion.words] == list("abcdefghij")
    assert occlusion.words_of["neutral"] == []


def test_more_words_are_hidden_where_none_is_a_likely_reason():
    occlusion = single_sentence(np.linspace(0.49, 0.1, 26))
    assert len(occlusion.inputs) == HIDDEN_WORDS_IF_UNLIKELY
    assert occlusion.words[-1].word.text == "t"
    assert len(single_sentence(np.zeros(26)).inputs) == 26  # without a reason head


def test_a_sentence_that_does_not_matter_makes_no_reason_likely():
    # 0.8 only in the sentence that does not matter for joy
    reasons = np.column_stack([np.linspace(0.0, 0.8, 28), np.linspace(0.0, 0.49, 28)])
    _, occlusion = occluded(reasons)
    assert len(occlusion.words_of["joy"]) == 16


def test_of_several_sentences_with_an_emotion_each_is_explained():
    """The probability of the entry hardly changes without one of them."""
    calibration = EmotionCalibration(("joy", "neutral"), np.full(2, 0.5, np.float32))
    entry = split_entry("Such joy today. The bus came. I laughed a lot. How I sang!")
    rows = [np.asarray(row, np.float32) for row in ([0.97, 0], [0, 0.9], [0.97, 0], [0.97, 0])]
    classified = aggregate(calibration, entry, rows)
    words = words_to_explain(entry)
    possible = find_possible_reasons(calibration, classified, words, ["joy"])
    assert {one.sentence for one in possible.words} == {0, 2, 3}
    reasons = [
        np.asarray([[0.9 if word.word.text in {"joy", "laughed"} else 0.1, 0.0]])
        for word in possible.words
    ]
    occlusion = possible.occlude(calibration, [np.concatenate(reasons)])
    outputs = []
    for one in occlusion.words:
        is_reason = one.word.text in {"joy", "laughed"}
        outputs.append(np.asarray([0.1 if is_reason else 0.97, 0.1], np.float32))
    [joy] = occlusion.explain(calibration, outputs)
    assert {one.word.text for one in joy.words} == {"joy", "laughed"}
    assert all(0 <= one.weight < MIN_WORD_WEIGHT for one in joy.words)
