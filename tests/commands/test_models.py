"""`samo models`: the store's models, and those of a service."""

from __future__ import annotations

import json

import pytest

from samo import cli


def run(capsys, *arguments):
    status = cli.main(["models", *arguments])
    return status, capsys.readouterr()


@pytest.mark.models
def test_the_models_of_the_store(capsys):
    status, (out, _) = run(capsys)
    rows = [line.split("\t") for line in out.splitlines()]
    assert status == 0
    assert [row[0] for row in rows] == ["transcriber", "emotion", "summarizer"]
    assert all(row[1].startswith(f"samo-{row[0]}:") and row[2].endswith(" MB") for row in rows)


@pytest.mark.models
def test_all_metadata_as_json(capsys):
    _, (out, _) = run(capsys, "--json")
    assert json.loads(out)["emotion"]["metadata"]["licence"] == "Apache-2.0"


def test_the_models_of_a_service(capsys, service_url):
    status, (out, _) = run(capsys, "--url", service_url, "--json")
    assert (status, json.loads(out)["summarizer"]["tag"]) == (0, "fake")
