"""The steps that make lessons: what they change, and what they leave alone."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from training.emotion.augment import NAMES, augment
from training.emotion.calibrate import sigmoid
from training.emotion.data import CONTEXTS, MOODS, LabelledTexts, read_lessons, write_lessons
from training.emotion.group_labels import (
    CoarseTexts,
    lessons_of,
    load_brighter,
    load_edos,
    load_xed,
)
from training.emotion.unlabelled import first_person

LABELS = ["anger", "joy", "love", "neutral"]


def comments(texts, rows):
    return LabelledTexts(texts, np.asarray(rows, dtype=np.float32), LABELS)


def test_lessons_come_back_as_they_were_written(tmp_path):
    lessons = comments(['Tränen\tund "Glück"', "so"], [[0, 0.25, 1, 0.0004], [0, 0, 0, 1]])
    write_lessons(lessons, tmp_path / "a.jsonl")
    back = read_lessons([tmp_path / "a.jsonl", tmp_path / "a.jsonl"], LABELS)
    assert back.texts == lessons.texts * 2
    assert back.label_names == [*LABELS, *MOODS, *CONTEXTS]
    known = back.labels[:, : len(LABELS)]
    np.testing.assert_allclose(known, np.tile(lessons.labels, (2, 1)), atol=0.0005)
    assert np.isnan(back.labels[:, len(LABELS) :]).all()  # nobody said anything about moods


def test_an_unknown_label_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x", "labels": {"glee": 1}}\n')
    with pytest.raises(ValueError, match=r"a.jsonl:1: 'glee' is none of the labels"):
        read_lessons([tmp_path / "a.jsonl"], LABELS)


def test_augmentation_keeps_the_number_and_changes_a_part():
    texts = [f"I saw [NAME] today, and it was number {number}." for number in range(500)]
    rows = [[0, 1, 0, 0] if number % 2 else [0, 0, 0, 1] for number in range(500)]
    made = augment(comments(texts, rows))
    assert len(made) == 500
    assert augment(comments(texts, rows)).texts == made.texts
    hidden = sum("[NAME]" in text for text in made.texts) / 500
    assert 0.3 < hidden < 0.6
    spoken = [text for text in made.texts if text == text.lower() and "." not in text]
    assert 0.05 < len(spoken) / 500 < 0.2
    joined = [index for index, text in enumerate(made.texts) if text.count("number") == 2]
    assert 0.05 < len(joined) / 500 < 0.2
    for index in joined:
        felt, neutral = made.labels[index, 1], made.labels[index, 3]
        assert felt + neutral == 1.0  # neutral only where neither comment feels anything


def test_raters_shift_the_teacher_and_leave_it_the_choice():
    corpus = CoarseTexts(["a", "b"], np.asarray([[True], [False]]), ("joy",))
    teacher = np.asarray([[0.2, 0.1, 0.4, 0.6], [0.2, 0.1, 0.4, 0.6]])
    logits = np.log(teacher) - np.log1p(-teacher)
    said, not_said = lessons_of(corpus, logits, LABELS).labels
    assert said[1] > 0.1
    assert said[2] > 0.4
    assert said[2] > said[1]  # still rather love than joy
    assert said[3] < 0.6
    assert not_said[1] < 0.1
    assert not_said[3] == pytest.approx(0.6)
    assert said[0] == not_said[0] == pytest.approx(0.2)  # nobody was asked about anger


def test_coarse_corpora_are_read_and_divided(tmp_path):
    rows = "".join(f'{n},"Well, {n}",0,0,1,0,{n % 2}\n' for n in range(200))
    (tmp_path / "brighter_eng_train.csv").write_text(
        "id,text,anger,fear,joy,sadness,surprise\n" + rows
    )
    train, held, kept = (load_brighter(tmp_path, part) for part in ("train", "held", "calibration"))
    assert len({*train.texts, *held.texts, *kept.texts}) == 200
    assert len(train.texts) + len(held.texts) + len(kept.texts) == 200
    assert 20 < len(held.texts) < 80
    assert train.present[:, 2].all()
    (tmp_path / "xed_en.tsv").write_text("- I do n't know , [PERSON] .\t5, 8\n" * 3)
    both = [load_xed(tmp_path, part) for part in ("train", "held", "calibration")]
    (corpus,) = [corpus for corpus in both if corpus.texts]
    assert corpus.texts == ["I don't know, [NAME]."] * 3
    assert corpus.present[0].tolist() == [group == "joy" for group in corpus.groups]


def test_edos_emotions_become_labels(tmp_path):
    with gzip.open(tmp_path / "edos_train.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\tlabel\tworker_labels\tcontext\n")
        file.write("I'm furious!\tfurious\tfurious,angry,furious\t\n")
        file.write("Why?\tquestioning\tquestioning\t\nHm.\t\tsad,angry,calm\t\n")
    edos = load_edos(tmp_path)
    assert edos.texts == ["I'm furious!"]  # intents of a reply and lines without a label are left
    (lesson,) = lessons_of(edos, np.zeros((1, 4)), LABELS).labels
    assert lesson[0] == pytest.approx(sigmoid(np.asarray(1.5)))
    assert (lesson[[1, 2]] < 0.5).all()


def test_unlabelled_sentences_are_the_writers_own(tmp_path):
    with gzip.open(tmp_path / "tatoeba.en-de.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("I wish I had met Tom sooner.\tx\nTom left the house early.\ty\nI am.\tz\n")
    (sentence,) = first_person(tmp_path, 10, seed=0)
    assert sentence.startswith("I wish I had met ")
    assert "Tom" not in sentence or "Tom" in NAMES
