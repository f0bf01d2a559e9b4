"""`samo analyze`: its inputs, outputs and exit statuses, in process and by a service."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys

import httpx
import numpy as np
import pytest

from samo import cli
from samo.api.schemas import InsightResponse
from samo.commands import rendering
from tests.conftest import RECORDING, ROOT
from tests.recordings import wav

TEXT = "I am so happy. I miss my father."
TIMES = {"processing_time_ms", "timings_ms"}


@pytest.fixture
def stdin(monkeypatch):
    def put(data):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


@pytest.fixture(params=["in process", "by a service"])
def where(request):
    if request.param == "in process":
        return []
    return ["--url", request.getfixturevalue("service_url")]


def run(capsys, *arguments):
    status = cli.main(["analyze", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err


def without_times(text):
    return {name: value for name, value in json.loads(text).items() if name not in TIMES}


def test_a_text_gives_the_services_response(tmp_path, where, capsys, client):
    file = tmp_path / "entry.txt"
    file.write_text(TEXT)
    status, out, err = run(capsys, file, "--json", *where)
    assert (status, err) == (0, "")
    response = client.post("/analyze/journal", json={"text": TEXT})
    assert without_times(out) == without_times(response.text)


def test_a_key_without_a_service_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SAMO_API_KEY", "secret")
    file = tmp_path / "entry.txt"
    file.write_text(TEXT)
    status, _, err = run(capsys, file, "--json")
    assert (status, err) == (
        0, "SAMO_API_KEY has no effect without SAMO_URL: analysing in this process.\n"
    )  # fmt: skip


def test_a_recording_gives_the_services_response(where, capsys, client, recording):
    status, out, _ = run(capsys, RECORDING, "--json", "--language", "en", *where)
    response = client.post(
        "/analyze/voice-journal", files={"audio_file": recording}, data={"language": "en"}
    )
    assert status == 0
    assert without_times(out) == without_times(response.text)


def test_options_are_those_of_the_request(tmp_path, where, capsys, client):
    file = tmp_path / "entry"
    file.write_text(TEXT)
    _, out, _ = run(capsys, file, "--json", "--no-summary", "--threshold", "0.05", *where)
    body = {"text": TEXT, "generate_summary": False, "emotion_threshold": 0.05}
    assert without_times(out) == without_times(client.post("/analyze/journal", json=body).text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_from_stdin_in_any_unicode_encoding(encoding, stdin, capsys):
    stdin("Ich bin so froh. 😀".encode(encoding))
    status, out, _ = run(capsys, "-", "--json")
    assert status == 0
    assert [point["text"] for point in json.loads(out)["arc"]] == ["Ich bin so froh. 😀"]


def test_a_recording_from_stdin(stdin, capsys, recording):
    stdin(recording)
    status, out, _ = run(capsys, "-", "--json")
    assert (status, json.loads(out)["transcription"]["duration"]) == (0, 11.0)


def test_a_pipe_gets_lines_without_escape_sequences(stdin, capsys):
    stdin(TEXT.encode())
    status, out, _ = run(capsys, "-")
    assert status == 0
    assert "\x1b" not in out
    assert "Emotions\n" in out
    assert [line.split("\t")[1] for line in out.splitlines() if "\tI " in line] == [
        "I am so happy.",
        "I miss my father.",
    ]


def test_a_text_cannot_send_escape_sequences_to_the_terminal(stdin, capsys):
    stdin("I \x1b]0;owned\x07love\x9b31m it.".encode())
    _, out, _ = run(capsys, "-")
    assert not set("\x1b\x07\x9b") & set(out)


@pytest.mark.parametrize(
    ("variables", "has_colours"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colours_unless_it_refuses_them(variables, has_colours, monkeypatch):
    from rich.console import Console

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    file = io.StringIO()
    insight = InsightResponse.model_validate(
        json.loads((ROOT / "samo/api/examples.json").read_text())["/analyze/journal"]["response"]
    )
    rendering.print_insight(Console(file=file, force_terminal=True, width=80), insight)
    assert "█" in file.getvalue()
    assert ("\x1b[32m" in file.getvalue()) == has_colours


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", 3, "The input has no visible character."),
        (b"\xef\xbb\xbf \n\xe2\x80\x8b", 3, "The input has no visible character."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 3, "The input is neither text nor a recording"),
        (b"PK\x03\x04\x14\x00", 3, "The input is neither text nor a recording"),
        (b"caf\xe9 cr\xe8me is what we had " * 9, 3, "The input is not UTF-8"),
        (b"fLaC" + bytes(99), 3, ""),
        (b"word " * 4001, 3, "20000"),
    ],
    ids=["empty", "invisible", "picture", "archive", "Latin-1", "damaged", "too long"],
)
def test_an_entry_that_cannot_be_used(data, status, reason, where, stdin, capsys):
    stdin(data)
    found, out, err = run(capsys, "-", *where)
    assert (found, out) == (status, "")
    assert reason in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["nothing.txt"], 2, "does not exist"),
        ([str(ROOT)], 2, "samo journal"),
        (["README.md", "--url", "http://127.0.0.1:9"], 4, "cannot be reached"),
        (["README.md", "--url", "localhost:3000"], 2, "SAMO_URL, must look like"),
        (["README.md", "--api-key", "secret"], 2, "add its --url"),
    ],
)
def test_what_cannot_run(arguments, status, reason, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    found, _, err = run(capsys, *arguments)
    assert found == status
    assert reason in err


@pytest.mark.parametrize(
    "arguments", [["--threshold", "2"], ["--language", "klingon"], ["--unknown"]]
)
def test_a_wrong_option_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        run(capsys, "README.md", *arguments)
    assert ended.value.code == 2
    assert "usage: samo analyze" in capsys.readouterr().err


def test_missing_models_are_named(stdin, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "samo", "analyze", "-"],
        input="I am happy.", cwd=ROOT, capture_output=True, text=True, check=False,
        env={"BENTOML_HOME": str(tmp_path), "PATH": "", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 4
    assert "make export" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_is_not_samos_is_told_apart(stdin, capsys, service_url):
    stdin(TEXT.encode())
    status, _, err = run(capsys, "-", "--url", f"{service_url}/page/static")
    assert status == 4
    assert err.count("\n") == 1


def test_a_busy_service_is_asked_again_after_retry_after(monkeypatch, capsys, stdin):
    waits, answers = [], [429, 503, 200]
    insight = json.loads((ROOT / "samo/api/examples.json").read_text())["/analyze/journal"]

    def answer(_request):
        status = answers.pop(0)
        if status == 200:
            return httpx.Response(200, json=insight["response"])
        return httpx.Response(status, headers={"Retry-After": "7"}, json={"error": {"message": ""}})

    async def sleep(seconds):
        waits.append(seconds)

    real = httpx.AsyncClient
    monkeypatch.setattr(
        httpx, "AsyncClient",
        lambda **options: real(**options, transport=httpx.MockTransport(answer)),
    )  # fmt: skip
    monkeypatch.setattr(asyncio, "sleep", sleep)
    stdin(TEXT.encode())
    assert run(capsys, "-", "--url", "http://samo.test")[0] == 0
    assert waits == [7.0, 7.0]


def test_a_failed_step_is_reported(monkeypatch, stdin, capsys):
    from runners import fakes

    def fail(*_arguments):
        raise RuntimeError

    monkeypatch.setattr(fakes.FakeSummarizer, "predict", fail)
    stdin(TEXT.encode())
    status, out, err = run(capsys, "-")
    assert (status, err) == (5, "Incomplete: summary failed.\n")
    assert "Emotions" in out


def test_a_closed_pipe_ends_quietly():
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m samo analyze README.md --json | true; "
         "echo ${PIPESTATUS[0]}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_a_recording_that_is_too_long(tmp_path, where, capsys):
    file = tmp_path / "entry.wav"
    file.write_bytes(wav(np.zeros(302 * 16_000, "<i2")))
    status, _, err = run(capsys, file, *where)
    assert status == 3
    assert "300 s: divide it into parts" in err
    assert ("POST /v1/jobs" in err) == bool(where)
