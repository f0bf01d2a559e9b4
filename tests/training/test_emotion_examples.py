"""Steps that write training examples: which texts and labels they change, and which they keep."""

from __future__ import annotations

import dataclasses
import gzip

import numpy as np
import pytest

from samo.insight.words import split_words
from training.corpora import read_tatoeba
from training.emotion.augment import NAMES, augment
from training.emotion.calibrate import sigmoid
from training.emotion.data import CONTEXTS, MOODS, LabelledTexts, load_examples, write_examples
from training.emotion.evaluate_reasons import bare
from training.emotion.group_corpora import (
    GroupLabelledTexts,
    load_brighter,
    load_edos,
    load_xed,
)
from training.emotion.group_labels import to_examples
from training.emotion.hidden_words import hide_words, load_lessons
from training.emotion.unlabelled import first_person

LABELS = ["anger", "joy", "love", "neutral"]


def comments(texts, rows):
    return LabelledTexts(texts, np.asarray(rows, dtype=np.float32), LABELS)


def test_examples_are_loaded_as_they_were_written(tmp_path):
    examples = comments(['Tränen\tund "Glück"', "so"], [[0, 0.25, 1, 0.0004], [0, 0, 0, 1]])
    write_examples(examples, tmp_path / "a.jsonl")
    loaded = load_examples([tmp_path / "a.jsonl", tmp_path / "a.jsonl"], LABELS)
    assert loaded.texts == examples.texts * 2
    assert loaded.label_names == [*LABELS, *MOODS, *CONTEXTS]
    known = loaded.labels[:, : len(LABELS)]
    np.testing.assert_allclose(known, np.tile(examples.labels, (2, 1)), atol=0.0005)
    assert np.isnan(loaded.labels[:, len(LABELS) :]).all()  # nothing is known about moods


def test_an_interrupted_write_leaves_no_file_that_looks_complete(tmp_path):
    examples = comments(["a"], [[0, 1, 0, 0], [0, 0, 0, 1]])  # a text is missing
    with pytest.raises(ValueError, match="zip"):
        write_examples(examples, tmp_path / "a.jsonl")
    assert not (tmp_path / "a.jsonl").exists()


def test_an_unknown_label_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x", "labels": {"glee": 1}}\n')
    with pytest.raises(ValueError, match=r"a.jsonl:1: 'glee' is not one of the labels"):
        load_examples([tmp_path / "a.jsonl"], LABELS)


def test_augmentation_keeps_the_number_and_changes_a_part():
    texts = [f"I saw [NAME] today, and it was number {number}." for number in range(500)]
    rows = [[0, 1, 0, 0] if number % 2 else [0, 0, 0, 1] for number in range(500)]
    examples = augment(comments(texts, rows))
    assert len(examples) == 500
    assert augment(comments(texts, rows)).texts == examples.texts
    placeholders = sum("[NAME]" in text for text in examples.texts) / 500
    assert 0.3 < placeholders < 0.6
    spoken = [text for text in examples.texts if text == text.lower() and "." not in text]
    assert 0.05 < len(spoken) / 500 < 0.2
    joined = [index for index, text in enumerate(examples.texts) if text.count("number") == 2]
    assert 0.05 < len(joined) / 500 < 0.2
    for index in joined:
        joy, neutral = examples.labels[index, 1], examples.labels[index, 3]
        assert joy + neutral == 1.0  # neutral only if both comments are


def test_raters_shift_the_teachers_and_leave_the_label_to_them():
    corpus = GroupLabelledTexts(["a", "b"], np.asarray([[True], [False]]), ("joy",))
    teacher = np.asarray([[0.2, 0.1, 0.4, 0.6], [0.2, 0.1, 0.4, 0.6]])
    logits = np.log(teacher) - np.log1p(-teacher)
    joyful, other = to_examples(corpus, logits, LABELS).labels
    assert joyful[1] > 0.1
    assert joyful[2] > 0.4
    assert joyful[2] > joyful[1]  # love remains more probable than joy
    assert joyful[3] < 0.6
    assert other[1] < 0.1
    assert other[3] == pytest.approx(0.6)
    assert joyful[0] == other[0] == pytest.approx(0.2)  # raters could not assign anger


def test_group_corpora_are_loaded_and_divided(tmp_path):
    (tmp_path / "text").mkdir()
    rows = "".join(f'{n},"Well, {n}",0,0,1,0,{n % 2}\n' for n in range(200))
    (tmp_path / "text" / "brighter_eng_train.csv").write_text(
        "id,text,anger,fear,joy,sadness,surprise\n" + rows
    )
    train, held, kept = (load_brighter(tmp_path, part) for part in ("train", "held", "calibration"))
    assert len({*train.texts, *held.texts, *kept.texts}) == 200
    assert len(train.texts) + len(held.texts) + len(kept.texts) == 200
    assert 20 < len(held.texts) < 80
    assert train.present[:, 2].all()
    (tmp_path / "text" / "xed_en.tsv").write_text("- I do n't know , [PERSON] .\t5, 8\n" * 3)
    parts = [load_xed(tmp_path, part) for part in ("train", "held", "calibration")]
    (corpus,) = [corpus for corpus in parts if corpus.texts]
    assert corpus.texts == ["I don't know, [NAME]."] * 3
    assert corpus.present[0].tolist() == [group == "joy" for group in corpus.groups]


def test_edos_emotions_become_labels(tmp_path):
    (tmp_path / "fine_grained").mkdir()
    with gzip.open(tmp_path / "fine_grained" / "edos_train.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\tlabel\tworker_labels\tcontext\n")
        file.write("I'm furious!\tfurious\tfurious,angry,furious\t\n")
        file.write("Why?\tquestioning\tquestioning\t\nHm.\t\tsad,angry,calm\t\n")
    edos = load_edos(tmp_path)
    assert edos.texts == ["I'm furious!"]  # not the intents of a reply or lines without a label
    (example,) = to_examples(edos, np.zeros((1, 4)), LABELS).labels
    assert example[0] == pytest.approx(sigmoid(np.asarray(1.5)))
    assert (example[[1, 2]] < 0.5).all()


def test_unlabelled_sentences_are_in_the_first_person(tmp_path):
    folder = tmp_path / "multilingual" / "parallel"
    folder.mkdir(parents=True)
    with gzip.open(folder / "tatoeba.en-de.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("I wish I had met Tom sooner.\tx\nTom left the house early.\ty\nI am.\tz\n")
    (sentence,) = first_person(read_tatoeba(tmp_path), 10, seed=0)
    assert sentence.startswith("I wish I had met ")
    assert "Tom" not in sentence or "Tom" in NAMES


def test_hidden_words_keep_labels_unless_a_reader_marked_them():
    labels = np.full((2, len(LABELS) + len(MOODS) + len(CONTEXTS)), 0.0, dtype=np.float32)
    labels[:, LABELS.index("anger")] = 0.8
    names = [*LABELS, *MOODS, *CONTEXTS]
    texts = ["He slammed the door, furious. 😠", "Nobody marked anything."]
    marked = {texts[0]: frozenset({"slammed", "furious"})}
    examples = hide_words(LabelledTexts(texts, labels, names), marked)
    assert examples.texts == texts[:1] * 4
    shown = [{texts[0][start:end] for start, end in spans} for spans in examples.hidden]
    assert len(shown[0]) == 1
    assert not (shown[0] | shown[1]) & marked[texts[0]]
    assert shown[2] == marked[texts[0]]
    assert shown[3] < marked[texts[0]]
    anger, neutral = examples.column("anger"), examples.column("neutral")
    assert anger[0] == anger[1] == pytest.approx(0.8)
    assert anger[2] < anger[3] < anger[0]
    assert neutral[2] > neutral[3] == neutral[0] == 0.0
    moods = examples.column("calm")
    assert list(np.isnan(moods)) == [False, False, True, True]


def test_hidden_parts_are_loaded_as_they_were_written(tmp_path):
    examples = comments(["so sad", "so glad"], [[0, 0.5, 0, 0], [0, 1, 0, 0]])
    hidden = [((3, 6),), ()]
    write_examples(dataclasses.replace(examples, hidden=hidden), tmp_path / "a.jsonl")
    assert load_examples([tmp_path / "a.jsonl"], LABELS).hidden == hidden
    write_examples(examples, tmp_path / "a.jsonl")
    assert load_examples([tmp_path / "a.jsonl"], LABELS).hidden == ()


def test_marked_words_occur_in_their_texts():
    for text, words in load_lessons().items():
        assert words
        assert words <= {bare(word.text) for word in split_words(text)}, text
