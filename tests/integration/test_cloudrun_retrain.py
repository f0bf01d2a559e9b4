"""deploy/cloudrun/retrain.sh with a service and a retraining that are played by this test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.conftest import ROOT

SCRIPT = ROOT / "deploy" / "cloudrun" / "retrain.sh"
# Answers `-m samo retrain` itself, and leaves everything else to Python.
PYTHON = """#!/bin/sh
[ "$1 $2 $3" = "-m samo retrain" ] || exec {python} "$@"
printf '%s\\n' "$*" >>"$CALLS"
[ "$STATUS" = 0 ] || exit "$STATUS"
versions=$BENTOML_HOME/models/samo-emotion
mkdir "$versions/new" && echo weights >"$versions/new/model.onnx"
echo '{{"version": "new", "former": ["old"]}}' >"$versions/promoted.json"
echo '{{"promoted": "samo-emotion:new"}}'
"""


@pytest.fixture
def service():
    """The URL of a service, and the response of its route."""
    body = {"state": "on", "alarms": ["logits", "labels"]}
    answer: dict[str, Any] = {"status": 200, "body": body}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/monitoring/drift"
            answer["token"] = self.headers["Authorization"]
            self.send_response(answer["status"])
            self.end_headers()
            self.wfile.write(json.dumps(answer["body"]).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path):
    """A bucket, with a version that was promoted earlier, and a store without it."""
    (tmp_path / "bucket" / "models" / "samo-emotion" / "old").mkdir(parents=True)
    (tmp_path / "bucket" / "models" / "samo-emotion" / "old" / "model.onnx").write_text("old")
    promoted = {"version": "old", "former": ["shipped"]}
    (tmp_path / "bucket" / "models" / "samo-emotion" / "promoted.json").write_text(
        json.dumps(promoted)
    )
    (tmp_path / "home" / "models" / "samo-emotion" / "shipped").mkdir(parents=True)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    return tmp_path


def run(folder, url, *options, status=0):
    return subprocess.run(
        ["bash", SCRIPT, folder / "bucket", url, *options],
        env={
            **os.environ,
            "PYTHON": str(folder / "python"),
            "BENTOML_HOME": str(folder / "home"),
            "CALLS": str(folder / "calls"),
            "STATUS": str(status),
            "IDENTITY_TOKEN": "secret",
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def versions(folder, place):
    models = folder / place / "models" / "samo-emotion"
    pointer = json.loads((models / "promoted.json").read_text())
    return {path.name for path in models.iterdir() if path.is_dir()}, pointer["version"]


def test_an_alarm_leads_to_a_new_version_in_the_bucket(folder, service):
    url, answer = service
    done = run(folder, url)
    assert (done.returncode, done.stdout) == (0, "samo-emotion:new\n"), done.stderr
    assert "drift has an alarm: logits,labels" in done.stderr
    assert answer["token"] == "Bearer secret"
    assert versions(folder, "bucket") == ({"old", "new", "shipped"}, "new")
    assert versions(folder, "home") == ({"old", "new", "shipped"}, "new")
    bucket = folder / "bucket"
    assert (folder / "calls").read_text() == (
        f"-m samo retrain {bucket}/feedback.jsonl --data {bucket} --drop-leaks\n"
    )


def test_without_an_alarm_nothing_is_done_unless_it_is_forced(folder, service):
    url, answer = service
    answer["body"] = {"state": "on", "alarms": []}
    done = run(folder, url)
    assert (done.returncode, done.stdout) == (0, "")
    assert not (folder / "calls").exists()
    assert run(folder, url, "--force").stdout == "samo-emotion:new\n"


@pytest.mark.parametrize(("status", "expected"), [(1, 1), (3, 3), (4, 4), (6, 0)])
def test_a_refusal_leaves_the_bucket_as_it_was(folder, service, status, expected):
    done = run(folder, service[0], status=status)
    assert (done.returncode, done.stdout) == (expected, "")
    assert versions(folder, "bucket") == ({"old"}, "old")


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {}), (200, {"state": "off", "alarms": []}), (200, {"state": "on"}), (403, {})],
)
def test_unknown_drift_is_an_error(folder, service, status, body):
    service[1].update(status=status, body=body)
    assert run(folder, service[0]).returncode == 5
    assert not (folder / "calls").exists()


def test_wrong_arguments(folder):
    assert run(folder, "ftp://host").returncode == 5
    assert run(folder, "http://host", "--forse").returncode == 2
