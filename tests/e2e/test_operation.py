"""`samo serve` with fake models in a subprocess: logs, signals, start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import serving

SECRET = "Zqxboom my secret diary words"


def test_no_exception_writes_user_text_to_the_log(tmp_path):
    log = tmp_path / "log"
    with serving(log, ("tests.e2e.faulty_service",), SAMO_RUNNERS="fake") as client:
        refused = client.post("/analyze/journal", json={"text": SECRET})
        assert refused.status_code == 500
        assert refused.json()["error"]["code"] == "model_failure"
        assert client.get(f"/{SECRET}").status_code == 404
    text = log.read_text()
    assert "Zqxboom" not in text
    assert "Traceback" not in text
    failed = [line for line in text.splitlines() if "ERROR samo.http request " in line]
    assert len(failed) == 1
    assert "RuntimeError at e2e/faulty_service.py" in failed[0]
    for expected in (
        "cannot parse <str>",
        "in two lines",
        "ours: RuntimeError at",
        "RuntimeWarning at e2e/faulty_service.py",
        "A thread failed: RuntimeError",
        "Ignored: ValueError at",
    ):
        assert expected in text, expected
    assert text.count("A task or callback failed: RuntimeError") == 2


def start(*arguments, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SAMO_")}
    return subprocess.run(
        [sys.executable, "-m", "samo", "serve", "--host", "127.0.0.1", *arguments],
        cwd=ROOT,
        env={**inherited, "SAMO_RUNNERS": "fake", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"PORT": "http"}, "PORT cannot be used:"),
        ({"PORT": "99999"}, "PORT cannot be used:"),
        ({"SAMO_THREADS": "many"}, "SAMO_THREADS cannot be used:"),
        ({"SAMO_THREADS": "0"}, "SAMO_THREADS cannot be used:"),
        ({"SAMO_RUNNERS": "reel"}, "SAMO_RUNNERS cannot be used:"),
        ({"SAMO_CORS_ORIGINS": "journal.example"}, "SAMO_CORS_ORIGINS cannot be used:"),
        ({"SAMO_RATE_LIMIT": "often"}, "SAMO_RATE_LIMIT cannot be used: A limit is a number"),
        ({"SAMO_ALLOW_ANONYMOUS": "false"}, "There are no API keys, and SAMO_ALLOW_ANONYMOUS is"),
        ({"SAMO_API_KEYS_FILE": "/nowhere"}, "SAMO_API_KEYS_FILE cannot be used: No such file"),
        ({"SAMO_RUNNERS": "real", "BENTOML_HOME": "empty"}, "A model is not in BentoML's store:"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_failed_start_prints_the_reason(tmp_path, environment, message):
    if "BENTOML_HOME" in environment:
        environment = {**environment, "BENTOML_HOME": str(tmp_path)}
    if "PORT" not in environment:
        environment = {**environment, "PORT": "0"}
    started = start(**environment)
    assert started.returncode in (1, 2)
    lines = (started.stdout + started.stderr).splitlines()
    assert message in lines[-1]
    assert not [line for line in lines if "Traceback" in line]


def test_a_missing_bento_is_an_error_of_one_line():
    started = start("--port", "0", "--bento", "nothing:Here")
    assert started.returncode == 1
    assert started.stderr.splitlines()[-1].startswith("nothing:Here cannot be loaded")


def test_an_unknown_setting_is_reported():
    started = start(PORT="0", SAMO_MAX_WAITSECONDS="3", SAMO_THREADS="0")
    assert started.stderr.splitlines()[0] == (
        "SAMO_MAX_WAITSECONDS is not a setting: did you mean SAMO_MAX_WAIT_SECONDS?"
    )


@pytest.mark.parametrize("command", [("samo", "serve"), ("bentoml", "serve")])
def test_a_former_name_of_a_setting_works_with_a_warning(tmp_path, command):
    log = tmp_path / "log"
    with serving(log, command, SAMO_RUNNERS="fake", SAMO_RECORDINGS="1") as client:
        assert client.get("/readyz").status_code == 200
    assert "SAMO_RECORDINGS is now called SAMO_MAX_CONCURRENT_TRANSCRIPTIONS" in log.read_text()


def test_a_port_in_use_is_an_error_of_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started = start("--port", str(port))
    assert started.returncode == 1
    assert started.stderr == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Choose another --host or --port.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_exit_status_after_a_signal_is_0(tmp_path, number):
    with serving(tmp_path / "log", SAMO_RUNNERS="fake") as client:
        assert client.get("/livez").status_code == 200
        client.process.send_signal(number)
        assert client.process.wait(20) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_it_starts_without_functions_that_only_linux_has(tmp_path):
    """Without sched_getaffinity, exec, fork and uvloop, as on Windows and in part on macOS."""
    script = tmp_path / "elsewhere.py"
    script.write_text(
        "import os, sys\n"
        "for name in ('sched_getaffinity', 'execv', 'execve', 'execvp', 'fork', 'forkpty'):\n"
        "    delattr(os, name)\n"
        "sys.modules['uvloop'] = None\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from samo import serve\n"
        "serve.main(sys.argv[1:])\n"
    )
    with serving(tmp_path / "log", script=script, SAMO_RUNNERS="fake") as client:
        assert client.post("/predict", json={"text": "joy"}).status_code == 200
