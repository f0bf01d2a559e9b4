from __future__ import annotations

import pytest

from samo.limits import MAX_EXPLAINED_CHARACTERS
from tests.http.errors import error_of


def explain(client, text, **extra):
    response = client.post("/predict", json={"text": text, "explain": True, **extra})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_words_that_carried_each_emotion(client):
    text = "😀 I feel joy and gratitude"
    body = explain(client, text)
    assert body["emotions"] == [
        {"emotion": "gratitude", "confidence": 0.9},
        {"emotion": "joy", "confidence": 0.9},
    ]
    assert body["explanation"] == [
        {
            "emotion": "gratitude",
            "words": [{"word": "gratitude", "start": 17, "end": 26, "weight": 0.89}],
        },
        {"emotion": "joy", "words": [{"word": "joy", "start": 9, "end": 12, "weight": 0.89}]},
    ]
    assert text[17:26] == "gratitude"


def test_nothing_was_felt(client):
    body = explain(client, "The bus leaves at seven.")
    assert body["explanation"] == [{"emotion": "neutral", "words": []}]


@pytest.mark.parametrize("extra", [{}, {"threshold": 0}, {"threshold": 0, "top_k": 2}])
def test_exactly_the_emotions_of_the_answer_are_explained(client, extra):
    body = explain(client, "joy and fear", **extra)
    assert [e["emotion"] for e in body["explanation"]] == [e["emotion"] for e in body["emotions"]]


def test_no_emotion_no_explanation(client):
    body = explain(client, "joy", threshold=0.95)
    assert (body["emotions"], body["explanation"]) == ([], [])


def test_without_being_asked_nothing_is_explained(client):
    for extra in ({}, {"explain": False}):
        body = client.post("/predict", json={"text": "joy", **extra}).json()
        assert set(body) == {"emotions", "inference_time"}


def test_a_text_too_long_to_explain_says_what_to_do(client):
    text = "joy " * (MAX_EXPLAINED_CHARACTERS // 4) + "!"
    request = {"text": text, "explain": True}
    error = error_of(client.post("/predict", json=request), 422)
    assert error["code"] == "invalid_request"
    assert error["details"]["max_length"] == MAX_EXPLAINED_CHARACTERS
    assert "explain" in error["message"]
    assert client.post("/predict", json={"text": text}).status_code == 200


@pytest.mark.parametrize("value", [1, "true", []])
def test_explain_is_true_or_false(client, value):
    error = error_of(client.post("/predict", json={"text": "joy", "explain": value}), 422)
    assert error["message"].startswith("explain")


def test_a_failing_model_is_a_500(client):
    error_of(client.post("/predict", json={"text": "please crash", "explain": True}), 500)


@pytest.mark.parametrize(
    "text", ["joy\x00", "\u202eabc", "e\u0301" * 900, "a\n" * 400, "joy\u200b"]
)
def test_odd_texts_are_explained(client, text):
    for explanation in explain(client, text, threshold=0)["explanation"]:
        for word in explanation["words"]:
            assert text[word["start"] : word["end"]] == word["word"]
