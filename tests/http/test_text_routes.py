from __future__ import annotations

import re

import pytest

from samo.limits import MAX_BATCH_TEXTS, MAX_TEXT_CHARACTERS
from tests.http.errors import error_of


def test_predict_has_just_the_shape_that_clients_know(client):
    body = client.post("/predict", json={"text": "I feel joy and gratitude"}).json()
    assert set(body) == {"emotions", "inference_time"}
    assert body["emotions"] == [
        {"emotion": "gratitude", "confidence": 0.9},
        {"emotion": "joy", "confidence": 0.9},
    ]
    assert re.fullmatch(r"\d+ms", body["inference_time"])


def test_predict_threshold_and_top_k(client):
    three = {"text": "joy", "threshold": 0, "top_k": 3}
    emotions = client.post("/predict", json=three).json()["emotions"]
    assert len(emotions) == 3
    assert emotions[0] == {"emotion": "joy", "confidence": 0.9}
    none = client.post("/predict", json={"text": "joy", "threshold": 0.95}).json()
    assert none["emotions"] == []


def test_predict_batch_keeps_the_order_and_fails_alone(client):
    texts = ["joy", " ", 3, "please crash", "fear", "x" * (MAX_TEXT_CHARACTERS + 1)]
    results = client.post("/predict_batch", json={"texts": texts}).json()["results"]
    assert [next(iter(result)) for result in results] == [
        "emotions", "error", "error", "error", "emotions", "error",
    ]  # fmt: skip
    assert results[4]["emotions"][0]["emotion"] == "fear"
    assert results[3]["error"]["code"] == "model_failure"
    assert results[5]["error"]["details"]["max_length"] == MAX_TEXT_CHARACTERS


def test_predict_groups_where_asked_to(client):
    request = {"text": "Such joy so happy but I am tired", "groupings": True}
    body = client.post("/predict", json={**request, "threshold": 0.95, "top_k": 1}).json()
    assert body["emotions"] == []
    assert set(body["groupings"]) == {"ekman", "sentiments", "moods"}
    assert [one["name"] for one in body["groupings"]["ekman"]] == ["joy"]
    assert [one["name"] for one in body["groupings"]["moods"]] == ["happy", "tired"]
    assert body["groupings"]["sentiments"]["positive"] == 1.0
    assert 0.9 <= body["groupings"]["ekman"][0]["confidence"] <= 1.0


def test_predict_batch_groups_where_asked_to(client):
    texts = ["happy joy", " ", "The bus was late."]
    plain = client.post("/predict_batch", json={"texts": texts}).json()["results"]
    assert [set(result) for result in plain] == [{"emotions"}, {"error"}, {"emotions"}]
    request = {"texts": texts, "groupings": True}
    joy, blank, bus = client.post("/predict_batch", json=request).json()["results"]
    assert joy["groupings"]["moods"][0]["name"] == "happy"
    assert set(blank) == {"error"}
    assert [one["name"] for one in bus["groupings"]["ekman"]] == ["neutral"]
    assert bus["groupings"]["moods"] == []


def test_groupings_is_true_or_false(client):
    error = error_of(client.post("/predict", json={"text": "a", "groupings": "yes"}), 422)
    assert error["message"].startswith("groupings")


def test_insight_groups_whatever_the_threshold(client):
    entry = "I woke happy with joy. The bus was late. My anger grew. I came home tired."
    request = {"text": entry, "emotion_threshold": 0.95}
    analysis = client.post("/analyze/journal", json=request).json()["emotion_analysis"]
    assert analysis["emotions"] == {}
    assert set(analysis["ekman"]) == {"anger", "joy"}
    assert set(analysis["moods"]) == {"happy", "tired"}


def test_a_failing_model_is_a_500_without_the_text(client):
    error = error_of(client.post("/predict", json={"text": "please crash"}), 500)
    assert error["code"] == "model_failure"
    assert "please" not in error["message"]


def test_summarize(client):
    text = "I was full of joy. Then it rained. We went home."
    body = client.post("/summarize/text", json={"text": text, "max_sentences": 1}).json()
    assert body == {
        "summary": "I was full of joy.",
        "key_emotions": ["joy"],
        "emotions": {"joy": 0.9},
        "compression_ratio": pytest.approx(1 - 18 / len(text), abs=1e-4),
        "emotional_tone": "positive",
        "method": "extracted",
        "degraded": [],
    }


def test_a_summary_has_feelings_of_its_own(client):
    # the fake takes the first sentences, whatever they feel
    text = "It rained. I was full of joy. We went home. My anger grew."
    body = client.post("/summarize/text", json={"text": text, "max_sentences": 2}).json()
    assert set(body["key_emotions"]) == {"joy", "anger"}
    assert list(body["emotions"]) == ["joy"]


@pytest.mark.parametrize("focus", ["core", "feeling", "gist"])
def test_focus_is_one_of_three(client, focus):
    request = {"text": "I was full of joy. Then it rained. We went home.", "focus": focus}
    assert client.post("/summarize/text", json=request).status_code == 200
    error_of(client.post("/summarize/text", json=request | {"focus": "plot"}), 422)


def test_insight_keeps_the_replaced_shape(client):
    entry = "I woke with joy. The bus was late. My anger grew."
    body = client.post("/analyze/journal", json={"text": entry}).json()
    assert body["transcription"] is None
    analysis = body["emotion_analysis"]
    shares = {"joy": len("I woke with joy."), "anger": len("My anger grew.")}
    spoken = len("I woke with joy.The bus was late.My anger grew.")
    assert {one["emotion"]: one["share"] for one in analysis["emotion_list"]} == {
        name: pytest.approx(share / spoken, abs=1e-4) for name, share in shares.items()
    }
    assert list(analysis["emotions"]) == list(shares)
    assert analysis["mixed"] is True
    assert analysis["emotional_intensity"] in ("medium", "high")
    assert 0.5 < analysis["intensity"] <= 1.0
    assert body["summary"]["summary"].startswith("I woke with joy.")
    assert body["pipeline_status"] == {
        "emotion_detection": True,
        "text_summarization": True,
        "voice_processing": False,
    }
    assert body["degraded"] == []
    assert [entry[point["start"] : point["end"]] for point in body["arc"]] == [
        "I woke with joy.", "The bus was late.", "My anger grew.",
    ]  # fmt: skip
    assert [point["primary_emotion"] for point in body["arc"]] == ["joy", "neutral", "anger"]
    assert body["arc"][0]["start_seconds"] is None
    assert body["insights"]["turning_points"] == [35]
    assert body["processing_time_ms"] >= body["timings_ms"]["emotion"]
    assert set(body["models"]) == {"emotion", "summarizer"}


def test_the_arc_says_whose_feeling_a_sentence_tells_of_and_when(client):
    entry = "Such joy. The other one has anger. It was love in the past. Then we ate."
    arc = client.post("/analyze/journal", json={"text": entry}).json()["arc"]
    assert [(point["experiencer"], point["tense"]) for point in arc] == [
        ("writer", "present"), ("other", "present"), ("writer", "past"), (None, None),
    ]  # fmt: skip


def test_insight_without_summary(client):
    request = {"text": "Such joy.", "generate_summary": False}
    body = client.post("/analyze/journal", json=request).json()
    assert body["summary"] is None
    assert body["pipeline_status"]["text_summarization"] is False
    assert body["degraded"] == []


def test_insight_names_the_steps_that_failed(client):
    body = client.post("/analyze/journal", json={"text": "Joy. And then a crash"}).json()
    assert body["degraded"] == ["emotion", "summary"]
    assert body["emotion_analysis"] is None
    assert body["summary"] is None
    assert body["arc"] == []


@pytest.mark.parametrize("path", ["/predict", "/summarize/text", "/analyze/journal"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"text":', 400),
        (b"\xff\xfe", 400),
        (b'{"text": "\\ud800"}', 400),
        (b'{"a":' * 50_000, 400),
        (b"[" * 100_000, 400),
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"text": ""}', 422),
        (b'{"text": " \\n "}', 422),
        (b'{"text": "\\u001c\\u2003"}', 422),
        (b'{"text": 3}', 422),
        (b'{"text": null}', 422),
        (b'{"text": "a", "txet": "b"}', 422),
        (b'{"text": "' + b"a" * (MAX_TEXT_CHARACTERS + 1) + b'"}', 422),
    ],
)
def test_bad_bodies_get_the_envelope(client, path, body, status):
    response = client.post(path, content=body, headers={"content-type": "application/json"})
    error_of(response, status)


@pytest.mark.parametrize(
    "extra", [{"threshold": -0.1}, {"threshold": 1.1}, {"top_k": 0}, {"threshold": "NaN"}]
)
def test_bad_fields_are_named(client, extra):
    error = error_of(client.post("/predict", json={"text": "a", **extra}), 422)
    assert error["message"].startswith(next(iter(extra)))


def test_an_error_does_not_repeat_the_text(client):
    response = client.post("/predict", json={"text": ["my secret"]})
    assert "secret" not in error_of(response, 422)["message"]
    assert "secret" not in response.text


def test_limits_are_told(client):
    too_long = client.post("/predict", json={"text": "a" * (MAX_TEXT_CHARACTERS + 1)})
    (problem,) = error_of(too_long, 422)["details"]["errors"]
    assert problem["max_length"] == MAX_TEXT_CHARACTERS
    too_many = client.post("/predict_batch", json={"texts": ["a"] * (MAX_BATCH_TEXTS + 1)})
    (problem,) = error_of(too_many, 422)["details"]["errors"]
    assert problem["max_length"] == MAX_BATCH_TEXTS


@pytest.mark.parametrize(
    "text",
    [
        "😀" * 19_999,
        "שלום עולם " * 500,
        "\u202eabc",
        "e\u0301" * 9_000,
        "joy\x00",
        "a\n" * 9_999,
    ],
    ids=["emoji", "right to left", "override", "combining", "nul", "lines"],
)
@pytest.mark.parametrize("path", ["/predict", "/summarize/text", "/analyze/journal"])
def test_odd_texts_are_answered(client, path, text):
    assert client.post(path, json={"text": text}).status_code == 200


# zero-width space, byte order mark, directional mark, soft hyphen, lone combining marks, NUL,
# Hangul filler, place of an attachment
INVISIBLE = ("\u200b", "\ufeff", "\u200f", "\xad", "\u0301\u0308", "\x00", "\u3164", "\ufffc \n")


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_a_text_without_a_visible_character_is_blank(client, text):
    for path in ("/predict", "/summarize/text", "/analyze/journal"):
        error = error_of(client.post(path, json={"text": text}), 422)
        assert error["message"] == "text: Send at least one visible character."
    blank, joy = client.post("/predict_batch", json={"texts": [text, f"{text} joy"]}).json()[
        "results"
    ]
    assert "visible character" in blank["error"]["message"]
    assert joy["emotions"][0]["emotion"] == "joy"


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_an_option_without_a_visible_character_is_left_out(client, text):
    assert client.post("/predict", json={"text": "joy", "threshold": text}).status_code == 200


def test_sentences_without_a_visible_character_are_not_classified(client):
    body = client.post("/analyze/journal", json={"text": "<p>&#8207;</p>"}).json()
    assert (body["arc"], body["emotion_analysis"]) == ([], None)
    body = client.post("/analyze/journal", json={"text": "Joy.\n\n\u200f\n\nFear."}).json()
    assert [point["text"] for point in body["arc"]] == ["Joy.", "Fear."]


MARKED_UP = "# Tuesday\n\n**Such** joy\\. I can\\'t hide my anger\\!\n\n![](dayone-moment://A1)"


def test_markup_is_not_read_and_places_point_into_the_entry(client):
    body = client.post("/analyze/journal", json={"text": MARKED_UP}).json()
    assert [point["text"] for point in body["arc"]] == [
        "Tuesday", "**Such** joy\\.", "I can\\'t hide my anger\\!",
    ]  # fmt: skip
    for point in body["arc"]:
        assert MARKED_UP[point["start"] : point["end"]] == point["text"]
    assert [point["primary_emotion"] for point in body["arc"]] == ["neutral", "joy", "anger"]
    assert body["summary"]["summary"] == "Tuesday Such joy."


def test_explained_words_point_into_the_entry(client):
    text = "<p>Such **joy** &amp; anger\\.</p>"
    body = client.post("/predict", json={"text": text, "explain": True}).json()
    words = [one["words"][0] for one in body["explanation"]]
    assert {text[word["start"] : word["end"]] for word in words} == {"joy", "anger"}


@pytest.mark.parametrize("text", ["😀😀😀", "...", "🙂", "-", "???", "---", ":("])
def test_an_entry_of_marks_is_answered_in_full(client, text):
    body = client.post("/analyze/journal", json={"text": text}).json()
    assert body["degraded"] == []
    assert body["summary"]["summary"] == text
    assert [point["text"] for point in body["arc"]] == [text]


def test_an_entry_of_markup_only_says_nothing(client):
    image = {"text": "![](dayone-moment://ABC)"}
    body = client.post("/analyze/journal", json=image).json()
    assert (body["arc"], body["emotion_analysis"], body["degraded"]) == ([], None, [])
    assert (body["insights"]["word_count"], body["insights"]["sentence_count"]) == (0, 0)
    for path in ("/predict", "/summarize/text"):
        assert "markup" in error_of(client.post(path, json=image), 422)["message"]
    batch = client.post("/predict_batch", json={"texts": [image["text"], "joy"]}).json()["results"]
    assert [next(iter(result)) for result in batch] == ["error", "emotions"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I can't sleep.", 3),
        ("- bread\n- milk\n", 2),
        ("# Tuesday\n\n![](dayone-moment://A1)\n\n**So** tired\\.", 3),
        ("<p>So&nbsp;tired</p><p>today</p>", 3),
        ("Tired … 😴 :-(", 1),
    ],
)
def test_words_are_counted_without_markup_and_punctuation(client, text, count):
    body = client.post("/analyze/journal", json={"text": text}).json()
    assert body["insights"]["word_count"] == count
    assert body["insights"]["text_length"] == len(text)
