"""A round of the request fuzzer, and that it finds what it looks for."""

from __future__ import annotations

import json
import logging

import httpx
import pytest

from tests.conftest import ROOT
from tests.fuzz.cases import MARK, Case
from tests.fuzz.requests import Fuzzer, WrongAnswer

# Drawn bodies have up to 21,000 characters.
MAX_SMALL_BODY_CHARACTERS = 100
ASK = Case("POST", "/predict", (), b'{"text": "joy"}')
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def fuzzer_of(client):
    return Fuzzer(client, PAGE)


@pytest.mark.slow
def test_a_round_of_odd_requests_finds_nothing(client):
    fuzzer = fuzzer_of(client)
    fuzzer.run_round(0, examples=60)
    assert sum(fuzzer.statuses.values()) >= 60
    assert {200, 422} <= set(fuzzer.statuses)


class Answering:
    """A client whose service gives the same answers whatever it is asked, one after another."""

    def __init__(self, *answers, log=None):
        self._answers = list(answers)
        self._log = log

    def request(self, *_arguments, **_options):
        if self._log:
            logging.getLogger("bentoml.samo").warning(self._log)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    get = request


def error(status=422, code="invalid_request", message="Send a text.", **more):
    body = {"code": code, "message": message, "details": {}, "request_id": "r", **more}
    return httpx.Response(status, json={"error": body}, headers={"x-request-id": "r"})


def fine(**more):
    body = {"emotions": [{"emotion": "joy", "confidence": 0.9}], "inference_time": "1ms", **more}
    return httpx.Response(200, content=json.dumps(body))


@pytest.mark.parametrize("answer", [error(), fine(), fine(inference_time="2ms")])
def test_right_answers_pass(client, answer):
    fuzzer = fuzzer_of(client)
    fuzzer._client = Answering(answer)
    fuzzer.check(ASK)


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([error(500, "model_failure")], "the service failed"),
        ([error(418, "invalid_request")], "does not name this status"),
        ([error(code="teapot")], "does not name this code"),
        ([error(message=f"{MARK} is wrong")], "repeats what was sent"),
        ([error(message="")], "other or empty fields"),
        ([error(trace="x")], "other or empty fields"),
        ([error(request_id="s")], "two request ids"),
        ([httpx.Response(404, text="Not found")], "not in the envelope"),
        ([httpx.Response(404, json=["x"])], "not in the envelope"),
        ([fine(emotions=[{"emotion": "joy", "confidence": float("nan")}])], "NaN is no JSON"),
        ([fine(emotions=None)], "not what the description says"),
        ([httpx.Response(200, text="joy")], "no JSON"),
        ([fine(), error(503, "overloaded")], "another status the second time"),
        ([fine(), fine(emotions=[])], "another answer the second time"),
    ],
)
def test_wrong_answers_are_found(client, answers, problem):
    fuzzer = fuzzer_of(client)
    fuzzer._client = Answering(*answers)
    with pytest.raises(WrongAnswer, match=problem) as caught:
        fuzzer.check(ASK)
    assert repr(ASK) in str(caught.value)


def test_a_log_that_repeats_the_text_is_found(client):
    fuzzer = fuzzer_of(client)
    fuzzer._client = Answering(fine(), log=f"failed on {MARK}")
    with pytest.raises(WrongAnswer, match="a log repeats"):
        fuzzer.check(ASK)


def test_what_is_found_is_made_small(client):
    fuzzer = fuzzer_of(client)
    fuzzer._client = Answering(error(500, "model_failure"))
    with pytest.raises(WrongAnswer) as caught:
        fuzzer.run_round(0, examples=5)
    assert "Case(method=" in str(caught.value)
    assert len(str(caught.value).partition("body=")[2]) < MAX_SMALL_BODY_CHARACTERS
