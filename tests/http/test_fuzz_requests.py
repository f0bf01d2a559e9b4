"""A round of the request fuzzer, and tests that it detects wrong responses."""

from __future__ import annotations

import json
import logging

import httpx
import pytest

from tests.conftest import ROOT
from tests.fuzz.cases import MARKER, Case
from tests.fuzz.requests import Fuzzer, WrongResponse

# Drawn bodies have up to 21,000 characters.
MAX_SMALL_BODY_CHARACTERS = 100
CASE = Case("POST", "/predict", (), b'{"text": "joy"}')
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def fuzzer_of(client):
    return Fuzzer(client, PAGE)


@pytest.mark.slow
def test_a_round_finds_no_wrong_response(client):
    fuzzer = fuzzer_of(client)
    fuzzer.run_round(0, examples=60)
    assert sum(fuzzer.statuses.values()) >= 60
    assert {200, 422} <= set(fuzzer.statuses)


class FixedResponses:
    """A client whose service gives the same responses whatever it is asked, one after another."""

    def __init__(self, *responses, log=None):
        self._responses = list(responses)
        self._log = log

    def request(self, *_arguments, **_options):
        if self._log:
            logging.getLogger("bentoml.samo").warning(self._log)
        return self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]

    get = request


def error(status=422, code="invalid_request", message="Send a text.", **more):
    body = {"code": code, "message": message, "details": {}, "request_id": "r", **more}
    return httpx.Response(status, json={"error": body}, headers={"x-request-id": "r"})


def fine(**more):
    body = {"emotions": [{"emotion": "joy", "confidence": 0.9}], "inference_time": "1ms", **more}
    return httpx.Response(200, content=json.dumps(body))


@pytest.mark.parametrize("response", [error(), fine(), fine(inference_time="2ms")])
def test_correct_responses_pass(client, response):
    fuzzer = fuzzer_of(client)
    fuzzer._client = FixedResponses(response)
    fuzzer.check(CASE)


@pytest.mark.parametrize(
    ("responses", "problem"),
    [
        ([error(500, "model_failure")], "the service failed"),
        ([error(418, "invalid_request")], "does not contain this status"),
        ([error(code="teapot")], "does not contain this code"),
        ([error(message=f"{MARKER} is wrong")], "repeats text of the request"),
        ([error(message="")], "other or empty fields"),
        ([error(trace="x")], "other or empty fields"),
        ([error(request_id="s")], "different request ids"),
        ([httpx.Response(404, text="Not found")], "not in the envelope"),
        ([httpx.Response(404, json=["x"])], "not in the envelope"),
        ([fine(emotions=[{"emotion": "joy", "confidence": float("nan")}])], "NaN is not JSON"),
        ([fine(emotions=None)], "does not match its schema"),
        ([httpx.Response(200, text="joy")], "not JSON"),
        ([fine(), error(503, "overloaded")], "another status for the repeated request"),
        ([fine(), fine(emotions=[])], "another response for the repeated request"),
    ],
)
def test_wrong_responses_are_found(client, responses, problem):
    fuzzer = fuzzer_of(client)
    fuzzer._client = FixedResponses(*responses)
    with pytest.raises(WrongResponse, match=problem) as caught:
        fuzzer.check(CASE)
    assert repr(CASE) in str(caught.value)


def test_a_log_that_repeats_the_text_is_found(client):
    fuzzer = fuzzer_of(client)
    fuzzer._client = FixedResponses(fine(), log=f"failed on {MARKER}")
    with pytest.raises(WrongResponse, match="a log repeats"):
        fuzzer.check(CASE)


def test_a_failing_case_is_reduced(client):
    fuzzer = fuzzer_of(client)
    fuzzer._client = FixedResponses(error(500, "model_failure"))
    with pytest.raises(WrongResponse) as caught:
        fuzzer.run_round(0, examples=5)
    assert "Case(method=" in str(caught.value)
    assert len(str(caught.value).partition("body=")[2]) < MAX_SMALL_BODY_CHARACTERS
