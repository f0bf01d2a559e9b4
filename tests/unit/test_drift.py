"""Drift: features, the reference file, windows and alarms."""

from __future__ import annotations

import asyncio
import json
import time

import numpy as np
import pytest

from runners.errors import StartError
from samo.drift.creation import DriftOff, ObservedModel, create_monitor
from samo.drift.features import passage_numbers, text_columns, whole_words
from samo.drift.pane import Pane, newest
from samo.drift.records import DamagedRecordError, read_reference, write_reference
from samo.settings import Settings
from tests.drift import CALIBRATION, CLASSIFIER, MODEL, levels, monitor_of, reference, texts, write

WORDS = frozenset(["i", "am", "happy", "so"])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("I am happy", (10, 0.0, 1 / 8, 0.0)),
        ("I AM SO HAPPY", (13, 0.0, 1.0, 0.0)),
        ("Ich bin so froh", (15, 0.75, 1 / 12, 0.0)),
        ("so 😀", (4, 0.0, 0.0, 0.25)),
        ("???", (3, 0.0, 0.0, 0.0)),
        ("2024", (4, 0.0, 0.0, 0.0)),
        ("日本語", (3, 1.0, 0.0, 1.0)),
    ],
)
def test_numbers_of_a_passage(text, numbers):
    assert passage_numbers(text, WORDS) == pytest.approx(numbers)


@pytest.mark.parametrize(
    "vocabulary",
    [["happy", "##ness", "so"], ["Ġhappy", "ness", "ĠSo"], ["▁happy", "ness", "▁so"]],
)
def test_whole_words_of_each_kind_of_vocabulary(vocabulary):
    assert whole_words(vocabulary) == {"happy", "so"}


def test_the_label_is_the_first_that_the_service_returns():
    random = np.random.default_rng(0)
    rows = list(random.beta(0.4, 4, size=(300, len(CALIBRATION.outputs))).astype(np.float32))
    numbers = [passage_numbers("so", WORDS)] * len(rows)
    columns = text_columns(numbers, rows, CALIBRATION)
    labels = [CALIBRATION.labels[i] for i in columns.categories["labels"]]
    assert labels == [CALIBRATION.decide(row)[0].name for row in rows]
    assert np.isfinite(columns.vectors["logits"]).all()


def test_a_probability_of_1_has_a_finite_logit():
    row = np.zeros(len(CALIBRATION.outputs), np.float32)
    row[3] = 1.0
    columns = text_columns([passage_numbers("so", WORDS)], [row], CALIBRATION)
    assert np.isfinite(columns.vectors["logits"]).all()
    assert columns.numbers["entropy"][0] == pytest.approx(0.0, abs=1e-3)


def test_a_window_has_the_newest_panes():
    panes = [Pane(count, {}, {}) for count in (100, 100, 30, 100, 100)]
    assert [pane.count for pane in newest(panes, 250)] == [30, 100, 100]
    assert [pane.count for pane in newest(panes, 50)] == [100]
    assert newest([], 50) == []


# The reference file.


def test_a_reference_survives_its_file(tmp_path):
    path = write(tmp_path / "drift.json")
    again = read_reference(path, CALIBRATION)
    assert write_reference(again) == path.read_text()
    assert again.streams["texts"].bins == reference().streams["texts"].bins


def damaged(change):
    record = json.loads(write_reference(reference()))
    change(record)
    return json.dumps(record)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "JSON"),
        ("[]", "object"),
        (damaged(lambda r: r.update(format=2)), "format"),
        (damaged(lambda r: r.update(more=1)), "more"),
        (damaged(lambda r: r["streams"]["texts"]["bins"].pop("capitals")), "features"),
        (damaged(lambda r: r["streams"]["texts"]["bins"]["labels"].update(categories=["joy"])),
         "'labels'"),
        (damaged(lambda r: r["streams"]["texts"]["bins"]["characters"].update(edges=[2.0, 1.0])),
         "'characters'"),
        (damaged(lambda r: r["streams"]["texts"]["pane"]["histograms"].update(capitals=[2000])),
         "'capitals'"),
        (damaged(lambda r: r["streams"]["texts"]["pane"].update(count=7)), "fewer"),
        (damaged(lambda r: r["streams"]["texts"]["pane"].update(count=-1)), "greater"),
        (damaged(lambda r: r["streams"]["texts"]["pane"]["moments"]["logits"].update(total=[1.0])),
         "features"),
        (damaged(lambda r: r["streams"]["texts"]["pane"]["moments"]["logits"]["products"].pop()),
         "products"),
        (damaged(lambda r: r["streams"].update(videos={})), "videos"),
        (write_reference(reference())[:-100], "JSON"),
        (damaged(lambda r: None).replace('"total": [', '"total": [NaN, '), "finite"),
    ],
)  # fmt: skip
def test_a_damaged_reference_is_refused_with_the_place(tmp_path, content, message):
    path = tmp_path / "drift.json"
    path.write_text(content)
    with pytest.raises(DamagedRecordError, match=message):
        read_reference(path, CALIBRATION)
    with pytest.raises(StartError, match=r"SAMO_DRIFT_REFERENCE cannot be used: .*drift\.md"):
        create_monitor(Settings(drift_reference=path), MODEL)


def test_a_reference_of_another_model_is_refused_by_name(tmp_path):
    path = write(tmp_path / "drift.json", {"model.onnx": "cd" * 32})
    with pytest.raises(StartError, match=r"another model: model\.onnx differs"):
        create_monitor(Settings(drift_reference=path), MODEL)


def test_a_reference_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(StartError, match="FileNotFoundError"):
        create_monitor(Settings(drift_reference=tmp_path / "none.json"), MODEL)


def test_drift_is_off_with_a_reason(tmp_path, caplog):
    model = ObservedModel(CALIBRATION, [], MODEL.sha256, tmp_path)
    for settings, reason in (
        (Settings(drift=False), "SAMO_DRIFT is false"),
        (Settings(), "has no drift.json"),
    ):
        off = create_monitor(settings, model)
        assert isinstance(off, DriftOff)
        assert reason in off.reason
    write(tmp_path / "drift.json", {"model.onnx": "cd" * 32})
    off = create_monitor(Settings(), model)
    assert isinstance(off, DriftOff)
    assert "another model" in off.reason
    assert caplog.text.count("Drift is not measured") == 2  # not where it is switched off


# Windows and alarms.


def observe(monitor, new_texts=(), new_levels=(), language="en"):
    for text in new_texts:
        monitor.observe_text([text], CLASSIFIER.predict([text]))
    for one in new_levels:
        monitor.observe_recording(one, language)


def with_monitor(tmp_path, scenario, **settings):
    """The result of `scenario`, which gets a monitor."""
    path = write(tmp_path / "drift.json")

    async def run():
        monitor = monitor_of(Settings(drift_reference=path, **settings), MODEL)
        try:
            return await scenario(monitor)
        finally:
            await monitor.close()

    return asyncio.run(run())


def test_the_same_traffic_raises_no_alarm_and_other_traffic_does(tmp_path):
    async def scenario(monitor):
        found = []
        for new_texts in (texts(1000), [text.upper() for text in texts(200, seed=2)]):
            observe(monitor, new_texts)
            await monitor.drain()
            found.append(monitor.report()["texts"])
        return found

    before, after = with_monitor(tmp_path, scenario)
    assert before.window.count == after.window.count == 1000
    assert before.alarm_seconds == {}
    assert list(after.alarm_seconds) == ["capitals"]


def test_an_alarm_ends(tmp_path, caplog):
    async def scenario(monitor):
        observe(monitor, ["zzz zzz"] * 100)
        await monitor.drain()
        begun = {*monitor.report()["texts"].alarm_seconds}
        observe(monitor, texts(100))
        await monitor.drain()
        return begun, monitor.report()["texts"].alarm_seconds

    begun, ended = with_monitor(tmp_path, scenario, drift_window=100)
    assert "unknown_words" in begun
    assert ended == {}
    first, *_, last = caplog.messages
    assert first.startswith("Drift of characters, unknown_words, logits: see /monitoring/drift")
    assert last == "The drift of characters, unknown_words, logits has ended."


def test_an_empty_window_has_no_comparison(tmp_path):
    async def scenario(monitor):
        observe(monitor, texts(99))  # a tenth of a window is 100
        await monitor.refresh()
        return monitor.report()["texts"], monitor.window_as_reference(20)

    report, made = with_monitor(tmp_path, scenario)
    assert (report.window, report.drifts, report.alarm_seconds, made) == (None, [], {}, None)


def test_a_text_counts_once_whatever_its_length(tmp_path):
    async def scenario(monitor):
        for _ in range(100):
            monitor.observe_text(["joy"] * 50, CLASSIFIER.predict(["joy"] * 50))
        await monitor.drain()
        return monitor.report()["texts"].window.count

    assert with_monitor(tmp_path, scenario) == 100


def test_one_text_again_and_again_is_an_alarm(tmp_path):
    async def scenario(monitor):
        observe(monitor, texts(1)[:1] * 1000)
        await monitor.drain()
        return monitor.report()["texts"].alarm_seconds

    assert with_monitor(tmp_path, scenario)


@pytest.mark.parametrize(
    ("decibels", "language", "alarms"),
    [(-25, "en", set()), (-45, "en", {"audio_level", "audio_noise"}),
     (-25, "de", {"audio_language"}), (-25, None, {"audio_language"})],
)  # fmt: skip
def test_recordings(tmp_path, decibels, language, alarms):
    async def scenario(monitor):
        observe(monitor, [], levels(50, decibels), language)
        await monitor.drain()
        return {*monitor.report()["recordings"].alarm_seconds}

    assert with_monitor(tmp_path, scenario) == alarms


def test_a_window_becomes_the_reference(tmp_path):
    """What raised an alarm raises none when it has become the reference."""
    path = tmp_path / "own.json"

    async def export(monitor):
        observe(monitor, [text.upper() for text in texts(1000)])
        await monitor.drain()
        assert monitor.report()["texts"].alarm_seconds
        return monitor.window_as_reference(20)

    own = with_monitor(tmp_path, export)
    assert own.source == "traffic: 1000 texts"
    path.write_text(write_reference(own))

    async def serve():
        monitor = monitor_of(Settings(drift_reference=path), MODEL)
        found = []
        for new_texts in (texts(1000, seed=3), texts(1000, seed=4)):
            upper = [text.upper() for text in new_texts]
            observe(monitor, upper if new_texts[0] == texts(1, seed=3)[0] else new_texts)
            await monitor.drain()
            found.append({*monitor.report()["texts"].alarm_seconds})
        await monitor.close()
        return found

    assert asyncio.run(serve()) == [set(), {"capitals"}]


def test_a_clock_that_jumps_moves_no_alarm(tmp_path, monkeypatch):
    async def scenario(monitor):
        observe(monitor, [text.upper() for text in texts(100)])
        await monitor.drain()
        monkeypatch.setattr(time, "time", lambda: 4e9)
        return monitor.report()["texts"].alarm_seconds["capitals"]

    assert 0 <= with_monitor(tmp_path, scenario) < 60


def test_memory_is_bounded(tmp_path):
    async def scenario(monitor):
        for _ in range(70):
            observe(monitor, ["joy"] * 10)
            await monitor.drain()
        return monitor.report()["texts"].window.count, len(monitor._texts._own)

    assert with_monitor(tmp_path, scenario, drift_window=100) == (100, 64)
