"""Trends over HTTP: the shape of the answer, and what is refused."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta

import numpy as np
import pytest

from runners.callers import set_caller
from runners.errors import Overloaded
from samo import limits
from samo.insight import threads
from samo.insight.trends import EMOTIONS, MOODS
from tests.http.errors import error_of

ROUTE = "/insights/trends"
ONE = {"date": "2026-01-31", "emotions": {"joy": 0.5}}


def post(client, *entries):
    return client.post(ROUTE, json={"entries": list(entries)})


def post_raw(client, body):
    return client.post(ROUTE, content=body, headers={"content-type": "application/json"})


def day(number):
    return (date(2026, 1, 1) + timedelta(days=number)).isoformat()


@pytest.fixture(scope="module")
def journal():
    """60 days in which sadness rises on the 31st, and joy is high in the evening."""
    random = np.random.default_rng(0)
    entries = []
    for number in range(60):
        for hour in (8, 21):
            joy = random.uniform(0.1, 0.4) + (0.3 if hour == 21 else 0.0)
            sadness = random.uniform(0.1, 0.4) + (0.3 if number >= 30 else 0.0)
            entries.append(
                {
                    "date": f"{day(number)}T{hour:02}:15+01:00",
                    "emotions": {"joy": round(joy, 4), "sadness": round(sadness, 4)},
                    "moods": {"tired": round(random.uniform(), 4)},
                }
            )
    return entries


def test_what_is_answered(client, journal):
    body = post(client, *journal).json()
    assert (body["entries"], body["days"]) == (120, 60)
    assert (body["first_date"], body["last_date"]) == ("2026-01-01", "2026-03-01")
    assert body["gaps"] == []
    questions = ["change_points", "weekdays", "hours"]
    assert body["tested"] == {"emotions": questions, "moods": questions}
    (change,) = body["change_points"]
    assert set(change) == {
        "date", "emotion", "kind", "from", "to", "previous_date", "earliest", "latest",
        "effect_size", "p_value", "days_before", "days_after",
    }  # fmt: skip
    assert (change["date"], change["emotion"], change["kind"]) == (
        "2026-01-31",
        "sadness",
        "emotion",
    )
    assert change["previous_date"] == "2026-01-30"
    assert change["to"] - change["from"] == pytest.approx(0.3, abs=0.05)
    (pattern,) = body["patterns"]
    assert (pattern["emotion"], pattern["group"]) in {
        ("joy", "20:00-24:00"),
        ("joy", "08:00-12:00"),
    }
    assert abs(pattern["difference"]) == pytest.approx(0.3, abs=0.05)
    assert "Sadness rose from" in body["text"]
    assert "between 20:00 and 24:00" in body["text"] or "between 08:00 and 12:00" in body["text"]
    emotions = body["course"]["emotions"]
    assert set(emotions["values"]) == {"joy", "sadness"}
    assert len(emotions["dates"]) == len(emotions["values"]["joy"]) == 60
    assert set(body["course"]["moods"]["values"]) == {"tired"}
    assert {group["group"] for group in body["hours"]} == {"08:00-12:00", "20:00-24:00"}
    assert sum(g["count"] for g in body["weekdays"] if g["kind"] == "emotion") == 60


def test_the_same_question_gets_the_same_answer(client, journal):
    first = post(client, *journal)
    assert (
        first.content == post(client, *reversed(journal)).content == post(client, *journal).content
    )


def test_the_answers_of_analyze_are_taken_as_they_are(client):
    text = {"text": "I woke happy with joy. My anger grew. I came home tired."}
    analysis = client.post("/analyze/journal", json=text).json()["emotion_analysis"]
    entry = {"date": "2026-01-31", "emotions": analysis["emotions"], "moods": analysis["moods"]}
    body = post(client, entry).json()
    assert set(body["course"]["emotions"]["values"]) == set(analysis["emotions"])
    assert set(body["course"]["moods"]["values"]) == set(analysis["moods"])


@pytest.mark.parametrize(
    "entries",
    [
        [ONE],
        [ONE] * 50,
        [ONE | {"emotions": {}}] * 50,
        [ONE | {"moods": {}}, ONE | {"moods": None}, ONE],
        [ONE | {"date": "1900-01-01"}, ONE | {"date": "2199-12-31"}],
        [ONE | {"date": day(number)} for number in range(60)],
        [ONE | {"date": f"{day(number)} 23:59:59.5Z"} for number in range(60)],
        # winter and summer time, and a day without a time
        [ONE | {"date": d} for d in ("2026-01-31T08:00+01:00", "2026-07-01T08:00+02:00", day(3))],
    ],
)
def test_journals_without_a_trend(client, entries):
    response = post(client, *entries)
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["change_points"] == body["patterns"] == []
    assert body["text"]


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ([], "entries"),
        ([ONE] * (limits.MAX_TRENDS_ENTRIES + 1), "entries"),
        ([None], "entries.0"),
        ([ONE | {"date": "2026-02-30"}], "entries.0.date"),
        ([ONE | {"date": "31.1.2026"}], "entries.0.date"),
        ([ONE | {"date": "0001-01-01"}], "entries.0.date"),
        ([ONE | {"date": "9999-12-31T23:59-12:00"}], "entries.0.date"),
        ([ONE | {"date": "2026-01-31T24:30"}], "entries.0.date"),
        ([ONE | {"date": "2026-01-31T10:00+99:00"}], "entries.0.date"),
        ([ONE | {"date": "20260131"}], "entries.0.date"),
        ([ONE | {"date": "٢٠٢٦-01-31"}], "entries.0.date"),
        ([ONE | {"date": ""}], "entries.0.date"),
        ([ONE | {"date": None}], "entries.0.date"),
        ([ONE | {"date": 1769817600}], "entries.0.date"),
        ([ONE, {"date": "2026-01-31"}], "entries.1.emotions"),
        ([{"emotions": {"joy": 1}}], "entries.0.date"),
        ([ONE | {"emotions": [{"emotion": "joy", "confidence": 0.5}]}], "entries.0.emotions"),
        ([ONE | {"emotions": {"joy": 1.01}}], "entries.0.emotions.joy"),
        ([ONE | {"emotions": {"joy": -0.01}}], "entries.0.emotions.joy"),
        ([ONE | {"emotions": {"joy": True}}], "entries.0.emotions.joy"),
        ([ONE | {"emotions": {"joy": None}}], "entries.0.emotions.joy"),
        ([ONE | {"emotions": {"joy": "0.5"}}], "entries.0.emotions.joy"),
        ([ONE | {"emotions": {"happy": 0.5}}], "entries.0.emotions"),
        ([ONE | {"moods": {"joy": 0.5}}], "entries.0.moods"),
    ],
)
def test_what_is_refused_is_named(client, entries, field):
    error = error_of(post(client, *entries), 422)
    assert error["code"] == "invalid_request"
    assert error["details"]["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("date", "message"),
    [
        ("20260131", "YYYY-MM-DD, such as 2026-01-31"),
        ("2026-W05-1", "YYYY-MM-DD, such as 2026-01-31"),
        ("31 January 2026", "YYYY-MM-DD, such as 2026-01-31"),
        ("2026-02-30", "not in the calendar"),
        ("2026-13-01T10:00+01:00", "not in the calendar"),
        ("2026-01-31T24:30", "time of day does not exist"),
        ("2026-01-31T10:60Z", "time of day does not exist"),
        ("2026-01-31T10:00+25:00", "offset from UTC does not exist"),
        ("1899-12-31", "1900 to 2199"),
    ],
)
def test_a_wrong_date_is_told_what_is_wrong(client, date, message):
    error = error_of(post(client, ONE | {"date": date}), 422)
    assert message in error["message"]
    assert date not in json.dumps(error)


def test_unknown_names_are_not_repeated(client):
    error = error_of(post(client, ONE | {"emotions": {"joyy": 0.5, "my secret": 1}}), 422)
    assert "joyy" not in json.dumps(error)
    assert "secret" not in json.dumps(error)
    assert "did you mean `joy`" in error["message"]
    assert error["details"]["errors"][0]["valid"] == sorted(EMOTIONS)
    error = error_of(post(client, ONE | {"secret": 1}), 422)
    assert "secret" not in json.dumps(error)


def test_times_with_and_without_a_zone_are_not_on_one_clock(client):
    entries = [ONE | {"date": "2026-01-31T10:00Z"}, ONE | {"date": "2026-02-01T10:00"}]
    assert "time zone" in error_of(post(client, *entries), 422)["message"]


@pytest.mark.parametrize(
    "entry",
    [
        b'{"date": "2026-01-31", "emotions": {"joy": 0.1, "joy": 0.2}}',
        b'{"date": "2026-01-31", "date": "2026-01-30", "emotions": {"joy": 0.1}}',
        rb'{"date": "2026-01-31T10\u003a00", "emotions": {"joy": 0.1, "joy": 0.2}}',
        b'{"date": "2026-01-31", "emotions": {"joy": NaN}}',
        b'{"date": "2026-01-31", "emotions": {"joy": Infinity}}',
    ],
)
def test_repeated_names_and_nan_are_no_json(client, entry):
    error = error_of(post_raw(client, b'{"entries": [%s]}' % entry), 400)
    assert error["code"] == "malformed_request"


def test_a_number_that_is_too_large_for_a_float(client):
    body = b'{"entries": [{"date": "2026-01-31", "emotions": {"joy": 1e999}}]}'
    error_of(post_raw(client, body), 422)


def test_the_largest_journal_is_answered(client):
    random = np.random.default_rng(0)
    entries = [
        {
            "date": f"{day(number)}T{number % 24:02}:00:00.000000+00:00",
            "emotions": dict(zip(sorted(EMOTIONS), random.uniform(size=28).tolist(), strict=True)),
            "moods": dict(zip(sorted(MOODS), random.uniform(size=12).tolist(), strict=True)),
        }
        for number in range(limits.MAX_TRENDS_ENTRIES)
    ]
    body = json.dumps({"entries": entries}, indent=1).encode()
    assert len(body) < limits.MAX_TRENDS_JSON_BYTES
    response = post_raw(client, body)
    assert response.status_code == 200, response.text
    assert response.json()["entries"] == limits.MAX_TRENDS_ENTRIES
    entries[-1] = ONE | {"emotions": {"joy": 2.0}}
    error = error_of(post_raw(client, json.dumps({"entries": entries}).encode()), 422)
    assert error["details"]["errors"][0]["field"] == "entries.4999.emotions.joy"


def test_a_body_of_other_values_is_refused_before_they_are_validated(client):
    body = b'{"entries": [' + b",".join([b"[]"] * 1_000_000) + b"]}"
    assert error_of(post_raw(client, body), 400)["code"] == "malformed_request"
    error_of(post_raw(client, b" " * (limits.MAX_TRENDS_JSON_BYTES + 1)), 413)


def test_too_many_journals_at_once_are_refused():
    async def call(caller):
        set_caller(caller)
        return await threads.run_in_background(sum, [1])

    async def fill():
        calls = [call("first") for _ in range(threads.MAX_CALLS_OF_A_CALLER + 1)]
        calls += [call("second") for _ in range(threads.MAX_BACKGROUND_CALLS)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(fill())
    *answered, refused = outcomes[: threads.MAX_CALLS_OF_A_CALLER + 1]
    assert answered == [1] * threads.MAX_CALLS_OF_A_CALLER
    assert isinstance(refused, Overloaded)
    assert outcomes.count(1) == threads.MAX_BACKGROUND_CALLS
    assert isinstance(outcomes[-1], Overloaded)
    assert asyncio.run(threads.run_in_background(sum, [1])) == 1
