"""`samo ab report` on the feedback that a service with two models has stored."""

from __future__ import annotations

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from samo import cli
from samo.ab import loading
from samo.ab.assignment import assign
from samo.commands import errors
from samo.settings import Settings
from tests.conftest import running
from tests.http.test_ab import B, Grumpy

USERS = [f"user-{number}" for number in range(90)]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Feedback of people who felt joy; variant b finds anger too."""
    url = f"sqlite:///{tmp_path_factory.mktemp('feedback')}/feedback.db"
    settings = Settings(
        runners="fake", ab_model=B, ab_header="X-User-ID", feedback_url=url, max_live_sessions=0
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "FakeEmotionClassifier", Grumpy)
        with running(settings) as client:
            for user in USERS:
                answer = client.post("/predict", json={"text": "joy"}, headers={"X-User-ID": user})
                said = {"request_id": answer.headers["x-request-id"], "labels": ["joy"]}
                assert client.post("/feedback", json=said).status_code == 201
            outside = client.post("/predict", json={"text": "joy"}).headers["x-request-id"]
            client.post("/feedback", json={"request_id": outside, "labels": ["grief"]})
            metrics = client.get("/metrics").text
    return url, metrics


@pytest.fixture
def report(capsys, monkeypatch, database):
    def run(*arguments, url=database[0]):
        monkeypatch.setenv("SAMO_FEEDBACK_URL", url)
        status = cli.main(["ab", "report", *arguments])
        return status, *capsys.readouterr()

    return run


def test_the_report_names_the_better_variant(report):
    status, out, _ = report("--json")
    with_b = sum(assign(B, f"user::{user}", 0.5) == "b" for user in USERS)
    figures = json.loads(out)
    arms = figures["arms"]
    assert (status, figures["experiment"], figures["verdict"]) == (0, B, "a")
    assert (arms["a"]["callers"], arms["b"]["callers"]) == (len(USERS) - with_b, with_b)
    assert (arms["a"]["score"], arms["b"]["score"]) == (1.0, pytest.approx(2 / 3))
    assert (arms["a"]["model"], arms["b"]["model"]) == ("fake", B)
    assert figures["difference"] == pytest.approx(-1 / 3)


def test_the_report_for_people(report):
    status, out, _ = report("--gain", "0.3")
    assert status == 0
    assert "a is better." in out
    assert "b - a: -0.333, 95% interval -0." in out
    assert "Warning" not in out


def test_the_first_label_as_the_measure(report):
    figures = json.loads(report("--measure", "first", "--json")[1])
    assert (figures["arms"]["a"]["score"], figures["arms"]["b"]["score"]) == (1.0, 0.0)


def test_a_share_that_does_not_fit_is_a_warning(report):
    assert "Warning: the callers with feedback are not divided" in report("--share", "0.05")[1]


def test_the_metrics_have_the_agreement(database):
    values = {
        (sample.name, sample.labels["variant"]): sample.value
        for family in text_string_to_metric_families(database[1])
        if family.name == "samo_ab_agreement"
        for sample in family.samples
    }
    sums, counts = values["samo_ab_agreement_sum", "b"], values["samo_ab_agreement_count", "b"]
    assert sums / counts == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--since", "2200-01-01"], errors.INCOMPLETE, "header that SAMO_AB_HEADER names"),
        (["--model", "samo-emotion:c"], errors.REFUSED, "--model is one of samo-emotion:b"),
    ],
)
def test_what_cannot_be_compared(report, arguments, status, message):
    found, _, err = report(*arguments)
    assert found == status
    assert message in err


@pytest.mark.parametrize(
    "arguments",
    [["--gain", "0"], ["--gain", "nan"], ["--gain", "2"], ["--since", "monday"], ["--share", "2"]],
)
def test_wrong_options(report, arguments):
    with pytest.raises(SystemExit) as ended:
        report(*arguments)
    assert ended.value.code == errors.USAGE


def test_a_database_that_is_gone(report, tmp_path):
    status, _, err = report(url=f"sqlite:///{tmp_path}/none.db")
    assert status == errors.UNAVAILABLE
    assert "does not exist" in err


def test_without_a_database(capsys, monkeypatch):
    monkeypatch.delenv("SAMO_FEEDBACK_URL", raising=False)
    assert cli.main(["ab", "report"]) == errors.USAGE
    assert "set SAMO_FEEDBACK_URL" in capsys.readouterr().err
