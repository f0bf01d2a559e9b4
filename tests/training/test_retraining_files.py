"""Files of labelled texts, and the checks before training."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from runners.emotion.calibration import EmotionCalibration
from training.retraining.checks import check
from training.retraining.errors import RetrainingRefused
from training.retraining.labelled_file import read_labelled
from training.retraining.near_duplicates import TextIndex

CALIBRATION = EmotionCalibration(
    labels=("joy", "sadness", "anger"),
    thresholds=np.full(3, 0.5, dtype=np.float32),
    moods=("calm",),
    mood_thresholds=np.full(1, 0.5, dtype=np.float32),
)
NAMES = [*CALIBRATION.labels, *CALIBRATION.moods]
SUBJECTS = "garden kitchen river train office cousin teacher window winter lake"
ENDINGS = "today again slowly twice alone nearby outside early somehow late"


def texts(number):
    """Different texts, of which every second one is joyful."""
    subjects, endings = SUBJECTS.split(), ENDINGS.split()
    return [
        {
            "text": f"The {subjects[i % 10]} {endings[i // 10]} {i}",
            "labels": ["joy"] if i % 2 == 0 else [],
        }
        for i in range(number)
    ]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def refusal(call, *arguments, **options):
    with pytest.raises(RetrainingRefused) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_the_three_formats_say_the_same(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [
        {"text": "One, two", "labels": ["joy", "anger"], "moods": None, "labelled": None},
        {"text": "Three", "labels": [], "moods": ["calm"], "labelled": ["joy", "calm"]},
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    files = [write(tmp_path / "a.jsonl", rows), tmp_path / "a.parquet"]
    expected = [[1, 0, 1, np.nan], [0, np.nan, np.nan, 1]]
    for path in files:
        np.testing.assert_array_equal(read_labelled([path], CALIBRATION).labels, expected)
    with (tmp_path / "a.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["text", "labels"], ["One, two", "joy, anger"], ["Three", ""]])
    labels = read_labelled([tmp_path / "a.csv"], CALIBRATION, ["joy", "anger"]).labels
    np.testing.assert_array_equal(labels, [[1, np.nan, 1, np.nan], [0, np.nan, 0, np.nan]])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"text": "a", "label": ["joy"]}',
            "wrong_column: x.jsonl:1 has a column 'label': did you",
        ),
        ('{"labels": ["joy"]}', "wrong_column: x.jsonl:1 has no text"),
        ('{"text": "a"}', "wrong_column: x.jsonl:1 has neither labels nor moods"),
        ('{"text": "a", "labels": ["joi"]}', "unknown_class: x.jsonl:1: 'joi' is not one of the"),
        ('{"text": "a", "labels": "joy"}', None),
        ('{"text": "a", "labels": {"joy": 1}}', "wrong_column: x.jsonl:1: labels must be a list"),
        ('{"text": "a", "labels": ["joy"], "labelled": ["anger"]}', "has joy, which `labelled`"),
        ('{"text": " ", "labels": ["joy"]}', "bad_text: x.jsonl:1"),
        ('{"text": 3, "labels": ["joy"]}', "bad_text: x.jsonl:1"),
        ("[]", "wrong_format: x.jsonl:1 is no JSON object"),
        ("{", "wrong_format: x.jsonl:1 is not JSON"),
        ("", "empty: x.jsonl has no texts"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, line, message):
    (tmp_path / "x.jsonl").write_text(line)
    if message is None:
        assert len(read_labelled([tmp_path / "x.jsonl"], CALIBRATION)) == 1
    else:
        assert message in refusal(read_labelled, [tmp_path / "x.jsonl"], CALIBRATION)


def test_files_that_are_no_text_are_refused_by_name(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"text,labels\n\xff\xfe,joy\n")
    assert "x.csv is not csv in UTF-8" in refusal(read_labelled, [tmp_path / "x.csv"], CALIBRATION)
    (tmp_path / "y.csv").write_text("text,labels\na\n")
    assert "y.csv:2 has more or fewer" in refusal(read_labelled, [tmp_path / "y.csv"], CALIBRATION)
    (tmp_path / "v.csv").write_text("text;labels\na;joy\n")
    assert "v.csv has semicolons" in refusal(read_labelled, [tmp_path / "v.csv"], CALIBRATION)
    (tmp_path / "x.txt").write_text("a")
    assert "wrong_format: x.txt" in refusal(read_labelled, [tmp_path / "x.txt"], CALIBRATION)
    assert "no_file" in refusal(read_labelled, [tmp_path / "z.csv"], CALIBRATION)


def test_what_cannot_be_trained_on_is_left_out(tmp_path):
    rows = texts(40)
    rows += [dict(rows[0], text=rows[0]["text"].upper() + "!!")]  # a duplicate
    rows += [dict(rows[1], labels=["joy"])]  # contradicts itself
    rows += [{"text": "One sentence of many words here. " * 20, "labels": ["joy"]}]
    file = read_labelled([write(tmp_path / "x.jsonl", rows)], CALIBRATION)
    checked = check(file, NAMES, {}, min_texts=30)
    assert checked.left_out == {
        "of several passages": 1, "with contradicting labels": 2, "duplicates": 1
    }  # fmt: skip
    assert len(checked.texts) == 39
    assert [NAMES[column] for column in checked.trained] == ["joy"]


def test_leaks_are_refused_or_left_out(tmp_path):
    rows = texts(40)
    leak = "I really did not see that one coming, honestly"
    rows.append({"text": f"Well: {leak.lower()}!", "labels": ["joy"]})
    file = read_labelled([write(tmp_path / "x.jsonl", rows)], CALIBRATION)
    evaluation = {"GoEmotions test": [leak]}
    message = refusal(check, file, NAMES, evaluation, min_texts=30)
    assert "leak" in message
    assert "x.jsonl:41 (GoEmotions test)" in message
    assert "coming" not in message
    assert check(file, NAMES, evaluation, min_texts=30, drop_leaks=True).left_out == {
        "of an evaluation": 1
    }


def test_labels_of_one_class_and_too_few_texts_are_refused(tmp_path):
    rows = [dict(row, labels=["joy"], labelled=["joy"]) for row in texts(40)]
    file = read_labelled([write(tmp_path / "x.jsonl", rows)], CALIBRATION)
    assert "one_class: Every text has joy" in refusal(check, file, NAMES, {}, min_texts=30)
    assert "too_few_texts: 40 texts are left" in refusal(check, file, NAMES, {}, min_texts=100)


def test_near_duplicates_share_most_runs_of_three_words():
    index = TextIndex(["I went to the lake with my sister and we swam all day", "No!"])
    assert index.find("i went to the lake with my sister, and we swam all DAY...") == 0
    assert index.find("We know: I went to the lake with my sister and we swam all day") == 0
    assert index.find("I went to the lake with my brother and we slept the next day") is None
    assert index.find("no") == 1
    assert index.find("no way") is None
