"""No text of a request is in anything that a server writes, and a server reaches nobody.

Each run sends all marked inputs (tests/e2e/marked_inputs.py) to a real server in a process of its
own. `samo serve` runs with the real models, on Linux as root in a network without a way out and
under strace; `bentoml serve` runs with fake ones, which can be made to fail.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import ROOT
from tests.e2e.marked_inputs import CASES, SPOKEN, SPOKEN_TO_FAKE

pytestmark = pytest.mark.models

# Folders where programs leave files; in them the marker of the run is unique.
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/var/log", "/var/crash", "/run", str(ROOT))
# Nothing that a server writes is in these, and they are large.
SKIPPED_FOLDERS = {".git", ".venv", ".mypy_cache", ".ruff_cache", "node_modules", "vendor"}
# What Python opens for writing at start, and leaves empty: a semaphore, and a file that shows
# whether the folder of temporary files can be written.
EMPTY_FILES = (
    r"/proc/.*",
    r"/dev/shm/sem\.\w+",
    r"{tmp}/[a-z0-9_]{{8}}",
    r"/dev/null",
    r"/dev/tty",
)


SEVERAL_REQUESTS = ("a job", "a job of no audio", "a batch of requests in which one fails")


class Written(NamedTuple):
    """What a server wrote, and what was sent to it."""

    folder: Path
    mark: str
    runners: str
    results: dict[str, Any]
    is_traced: bool

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log lines of requests."""
        parsed = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in parsed if "httpRequest" in line]


def run(folder: Path, command: str, runners: str) -> Written:
    """Run a server and send it all marked inputs."""
    mark = f"zqx{uuid.uuid4().hex[:10]}"
    program = [sys.executable, "-m", "tests.e2e.private_run", str(folder)]
    program += ["--mark", mark, "--command", command, "--runners", runners]
    can_isolate = command == "samo" and cannot_isolate() is None
    if can_isolate:
        program = ["unshare", "--net", *program, "--isolated"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "results.json").read_text())
    return Written(folder, mark, runners, results, can_isolate)


def cannot_isolate() -> str | None:
    """Why a server cannot be isolated and traced here; None if it can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs Linux and root"
    if shutil.which("strace") is None:
        return "needs strace"
    allowed = subprocess.run(["unshare", "--net", "strace", "-qq", "-o", os.devnull, "true"],
                             capture_output=True, check=False)  # fmt: skip
    return None if allowed.returncode == 0 else "may not create namespaces or trace"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Written:
    return run(tmp_path_factory.mktemp("samo"), "samo", "real")


@pytest.fixture(scope="module")
def served_by_bentoml(tmp_path_factory) -> Written:
    return run(tmp_path_factory.mktemp("bentoml"), "bentoml", "fake")


@pytest.fixture(scope="module", params=["served", "served_by_bentoml"])
def written(request) -> Written:
    found: Written = request.getfixturevalue(request.param)
    return found


def forms(text: str) -> Iterator[bytes]:
    """The bytes by which `text` may be stored: plain, UTF-16, base64 at each alignment."""
    yield text.encode()
    yield text.encode("utf-16-le")
    for shift in range(3):
        data = b" " * shift + text.encode()
        # the characters that depend on `text` alone; each has 6 bits
        yield base64.b64encode(data)[-(-shift * 8 // 6) : len(data) * 8 // 6]


def is_in(text: str, data: bytes) -> bool:
    """Whether `data` contains `text` in one of its forms, in any case."""
    lower = data.lower()
    plain, wide, *encoded = forms(text.lower())
    return plain in lower or wide in lower or any(form in data for form in encoded)


def files_since(folder: str, start: float) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            path = Path(place) / name
            try:
                if path.is_file() and path.stat().st_mtime >= start - 1:
                    yield path
            except OSError:  # it is gone, or nobody may look at it
                continue


@pytest.mark.parametrize(
    "data",
    [
        b"... zqxmark0 ...", b"ZQXMARK0", "zqxmark0".encode("utf-16"),
        *(base64.b64encode(b"a" * shift + b"zqxmark0 and more") for shift in range(6)),
    ],
)  # fmt: skip
def test_the_search_finds_a_marker_in_each_form(data):
    assert is_in("zqxmark0", data)
    assert not is_in("zqxmask0", data)


def test_every_input_arrived(written):
    answers = written.results["answers"]
    cases = [case for case in CASES if case.needs in (None, written.runners)]
    assert [case.name for case in cases] == [*answers]
    for case in cases:
        status = answers[case.name]["status"]
        assert status is None or status in case.statuses, (case.name, answers[case.name])
    spoken = SPOKEN if written.runners == "real" else SPOKEN_TO_FAKE
    assert spoken in answers["a recording"]["body"]


def test_logs_and_crash_dumps_contain_no_text(written):
    log = written.log
    for text in (written.mark, SPOKEN, written.results["key"], SPOKEN_TO_FAKE):
        assert not is_in(text, log.encode()), text
    if written.results["exit"] < 0:  # aborted while it transcribed
        assert "Fatal Python error: Aborted" in log
        assert "transcrib" in log


def test_files_contain_no_text(written):
    own = [written.folder / "tmp", written.folder / "home"]
    for folder in own:
        for path in files_since(str(folder), 0):
            data = path.read_bytes()
            assert not is_in(written.mark, data), path
            assert not is_in(SPOKEN, data), path
    for place in SHARED_FOLDERS:
        for path in files_since(place, written.results["started"]):
            if path.parent == written.folder and path.name in ("results.json", "trace"):
                continue  # what the client received, and what passed through sockets
            assert not is_in(written.mark, path.read_bytes()), path


def test_errors_and_state_contain_no_text(written):
    for name, answer in written.results["answers"].items():
        if (answer["status"] or 0) >= 400:
            assert not is_in(written.mark, answer["body"].encode()), name
    for path in written.folder.glob("state-*"):
        data = path.read_bytes()
        assert data
        assert not is_in(written.mark, data), path.name
        if "openapi" not in path.name:  # the recording is also its example
            assert not is_in(SPOKEN, data), path.name


def test_each_request_has_one_line(written):
    lines = [line["id"] for line in written.lines]
    for name, answer in written.results["answers"].items():
        if name in SEVERAL_REQUESTS:
            assert lines.count(answer["id"]) > 1
            continue
        if name == "headers":
            continue  # its id was replaced
        if answer["status"] not in (None, 400, 431):  # 400, 431: perhaps not parsed so far
            assert lines.count(answer["id"]) == 1, name
    line = next(line for line in written.lines if line["id"] == lines[0])
    assert (line["key"], line["outcome"], line["route"]) == ("phone", "ok", "/predict")
    assert any(line["outcome"] == "cancelled" for line in written.lines)


def test_the_system_writes_no_core_dump(served):
    limits = served.results.get("limits")
    if limits is None:
        pytest.skip("needs /proc")
    assert re.search(r"Max core file size\s+0\s+0", limits)


def test_a_server_opens_no_file_for_writing(served):
    """Files that are deleted while they are open would be found by no search."""
    if not served.is_traced:
        pytest.skip(str(cannot_isolate()))
    calls = (served.folder / "trace").read_text(errors="replace").splitlines()
    assert len(calls) > 1000
    opened = [call for call in calls if re.search(r"O_WRONLY|O_RDWR|O_TMPFILE|creat\(|memfd", call)]
    allowed = [pattern.format(tmp=served.folder / "tmp") for pattern in EMPTY_FILES]
    for call in opened:
        quoted = re.search(r'"([^"]*)"', call)
        assert quoted, call
        path = quoted.group(1)
        if "memfd_create" in call:  # an upload's, in memory, for the process that decodes it
            assert path == "recording", call
            continue
        if "O_TMPFILE" in call:  # a job's, without a name; it ends with the job (docs/jobs.md)
            assert path == str(served.folder / "tmp"), call
            continue
        assert " = -1 " in call or any(re.fullmatch(one, path) for one in allowed), call


def test_a_server_reaches_nobody(served):
    """From its start to its end, in a network in which everything else would fail or hang."""
    if not served.is_traced:
        pytest.skip(str(cannot_isolate()))
    calls = (served.folder / "trace").read_text(errors="replace").splitlines()
    sent = [call for call in calls if re.search(r"AF_INET|AF_NETLINK", call)]
    assert sent == []
