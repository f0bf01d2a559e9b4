"""What the machine does to the service: disks, clocks, files, one CPU, little memory."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.conftest import RECORDING, ROOT
from tests.e2e.conftest import free_port, serving, wait_until_ready
from tests.faults.conftest import ENTRY, eventually, faulty_server

LIBFAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
MIB = 1 << 20


def can_mount() -> bool:
    """Whether a process may have mounts of its own."""
    command = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@contextlib.contextmanager
def serving_after(preparation: str, log: Path, **environment: str) -> Iterator[httpx.Client]:
    """Run `samo serve` in a shell in mounts of its own, after the shell's `preparation`."""
    port = free_port()
    serve = f'exec "{sys.executable}" -m samo serve --port {port}'
    process = subprocess.Popen(
        ["unshare", "--mount", "--map-root-user", "sh", "-ec", f"{preparation}\n{serve}"],
        cwd=ROOT, env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            client.process = process  # type: ignore[attr-defined]
            wait_until_ready(client, process, log)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        log.write_bytes(process.communicate(timeout=30)[0])
    assert process.returncode == 0


needs_mounts = pytest.mark.skipif(not can_mount(), reason="a process may not have its own mounts")


@needs_mounts
def test_a_read_only_root(tmp_path):
    """With its models, as in the container: only /tmp can be written, and it is in memory."""
    preparation = """
        mount -o remount,ro,bind /
        mount -t tmpfs tmpfs /tmp
        if touch /written 2>/dev/null; then echo "the root can be written"; exit 1; fi
        unset TMPDIR
    """
    log = tmp_path / "log"
    with serving_after(preparation, log) as client:
        upload = {"audio_file": ("x", RECORDING.read_bytes())}
        spoken = client.post("/analyze/voice-journal", files=upload)
        assert spoken.status_code == 200
        assert spoken.json()["degraded"] == []
        assert client.post("/analyze/journal", json=ENTRY).json()["degraded"] == []
    assert "ERROR" not in log.read_text()


@needs_mounts
def test_a_full_disk(tmp_path):
    """The disk of the log, of $HOME and of temporary files is full at the start and afterwards."""
    preparation = """
        mount -t tmpfs -o size=64k tmpfs /mnt
        dd if=/dev/zero of=/mnt/full bs=1k 2>/dev/null || true
        export HOME=/mnt TMPDIR=/mnt
        exec >/mnt/log 2>&1
    """
    with serving_after(preparation, tmp_path / "log", SAMO_RUNNERS="fake") as client:
        root = Path(f"/proc/{client.process.pid}/root/mnt")  # type: ignore[attr-defined]
        for _ in range(3):
            upload = {"audio_file": ("x", RECORDING.read_bytes())}
            assert client.post("/analyze/voice-journal", files=upload).json()["degraded"] == []
        assert (root / "log").read_text() == ""
        (root / "full").unlink()
        assert client.post("/analyze/journal", json=ENTRY).status_code == 200
        # the log goes on, and says which request it was
        eventually(lambda: "/analyze/journal" in (root / "log").read_text())


def year(client: httpx.Client) -> str:
    """The year of the server's clock."""
    return client.get("/livez").headers["date"].split()[3]


def has_jumped(client: httpx.Client, before: str) -> bool:
    return year(client) != before


@pytest.mark.skipif(LIBFAKETIME is None, reason="libfaketime is not installed")
def test_the_clock_jumps(tmp_path):
    """While requests are computed: no deadline passes, and windows of rate limits do not move."""
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    faked = {
        "LD_PRELOAD": str(LIBFAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with faulty_server(tmp_path, SAMO_RATE_LIMIT="5/hour", **faked) as server:
        with server.faults(summarizer={"sleep_seconds": 0.6}):
            for jump in ("+400d", "-400d"):
                before = year(server.client)
                threading.Timer(0.2, offset.write_text, (f"{jump}\n",)).start()
                response = server.client.post("/analyze/journal", json=ENTRY)
                assert response.json()["degraded"] == []
                eventually(partial(has_jumped, server.client, before))
        responses = [server.client.post("/predict", json={"text": "joy"}) for _ in range(4)]
        assert [one.status_code for one in responses] == [200, 200, 200, 429]
        assert 3500 < int(responses[-1].headers["retry-after"]) <= 3600
        assert server.client.get("/health").json()["uptime_seconds"] < 60


@contextlib.contextmanager
def memory_limit(size: int) -> Iterator[Path]:
    """A control group of processes that have `size` bytes of memory together, page cache included.

    Skips the test where this process may not create one.
    """
    group = _create_group(size)
    if group is None:
        pytest.skip("no control group for memory can be created")
    try:
        yield group
    finally:
        eventually(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def _create_group(size: int) -> Path | None:
    for controller, limit in (("memory", "memory.limit_in_bytes"), ("", "memory.max")):
        group = Path("/sys/fs/cgroup") / controller / f"samo-test-{os.getpid()}"
        try:
            group.mkdir()
            (group / limit).write_text(str(size))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
        else:
            return group
    return None


def test_one_cpu_one_gib_and_256_open_files(tmp_path):
    """With the models; the limits are those of the process, set before it starts."""
    log = tmp_path / "log"
    script = tmp_path / "small.py"
    with memory_limit(1024 * MIB) as group:
        script.write_text(
            "import os, pathlib, resource, runpy, sys\n"
            f"pathlib.Path({str(group / 'cgroup.procs')!r}).write_text(str(os.getpid()))\n"
            "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"
            f"sys.path.insert(0, {str(ROOT)!r})\n"
            "from samo import serve\n"
            "serve.main(sys.argv[1:])\n"
        )
        with serving(log, script=script) as client:
            upload = {"audio_file": ("x", RECORDING.read_bytes())}
            spoken = client.post("/analyze/voice-journal", files=upload)
            assert spoken.json()["degraded"] == []
            texts = ["I am so happy that you are here!"] * 128
            assert client.post("/predict_batch", json={"texts": texts}).status_code == 200
            address = ("127.0.0.1", client.base_url.port)
            idle = [socket.create_connection(address) for _ in range(150)]
            refused = httpx.post(f"{client.base_url}/predict", json={"text": "I am happy"})
            probe = httpx.get(f"{client.base_url}/readyz")
            for connection in idle:
                connection.close()
            assert probe.status_code == 200
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "overloaded"

            def serves():
                return client.post("/predict", json={"text": "I am happy"}).status_code == 200

            eventually(serves)
    (line,) = [one for one in log.read_text().splitlines() if "ulimit" in one]
    assert "the process may open 256 files (ulimit -n), enough for 96 connections" in line
