from __future__ import annotations

from typing import cast

import pytest

from runners.emotion.classifier import EmotionClassifier
from runners.emotion.prediction import SENTIMENT_OF
from runners.fakes import FakeEmotionClassifier
from training.emotion.evaluate_groups import evaluate

LABELS = list(SENTIMENT_OF)
JOY, ANGER, NEUTRAL = (LABELS.index(label) for label in ("joy", "annoyance", "neutral"))

# it has what is used of the classifier
CLASSIFIER = cast("EmotionClassifier", FakeEmotionClassifier())


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr("training.emotion.group_corpora.HELD_PERCENT", 100)
    (tmp_path / "goemotions").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "goemotions" / "labels.txt").write_text("\n".join(LABELS))
    (tmp_path / "goemotions" / "test.tsv").write_text(
        f"joy and annoyance\t{JOY},{ANGER}\ta\nthe bus\t{NEUTRAL}\tb\n"
    )
    (tmp_path / "text" / "brighter_eng_train.csv").write_text(
        'id,text,anger,fear,joy,sadness,surprise\n1,"joy, I think: joy",0,0,1,0,0\n'
        "2,the bus,0,1,0,0,0\n"
    )
    (tmp_path / "text" / "xed_en.tsv").write_text("annoyance .\t1, 2\nthe bus .\t8\n")
    (tmp_path / "journal_probe.tsv").write_text(
        "text\temotions\tmoods\njoy . so happy , tired .\tjoy\thappy,tired\nthe bus\tneutral\t\n"
    )
    (tmp_path / "first_person_probe.tsv").write_text(
        "text\temotions\tmoods\tkind\njoy\tneutral\t\tpost\njoy , happy\tjoy\thappy\tdiary\n"
    )
    return tmp_path


def test_each_set_is_measured_as_served(data):
    figures = evaluate(CLASSIFIER, data, data)
    assert {name: round(one["macro_f1"], 4) for name, one in figures.items()} == {
        "goemotions_ekman": 1.0,
        "goemotions_sentiments": 1.0,
        "brighter_ekman": 0.5,
        "xed_ekman": 1.0,
        "journal_labels": 1.0,
        "journal_moods": 1.0,
        "first_person_labels": 0.3333,
        "first_person_moods": 1.0,
    }
    assert figures["brighter_ekman"]["f1"] == {"fear": 0.0, "joy": 1.0}
    assert figures["goemotions_ekman"]["texts"] == 2


def test_sets_that_are_absent_are_left_out(tmp_path):
    assert evaluate(CLASSIFIER, tmp_path, tmp_path) == {}
