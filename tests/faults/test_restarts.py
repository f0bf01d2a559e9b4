"""A worker that is killed comes back by itself, where something restarts it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from tests.conftest import ROOT
from tests.e2e.conftest import serving
from tests.faults.conftest import eventually

DEPLOY = ROOT / "deploy"


def children(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *children(int(child))]
    return found


def listens(pid: int, port: int) -> bool:
    """Whether a process has a socket that listens on the port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = {
        fields[9] for fields in map(str.split, lines)
        if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port
    }  # fmt: skip
    links = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
    return any(f"socket:[{inode}]" in links for inode in inodes)


def test_bentoml_restarts_a_worker_that_was_killed(tmp_path):
    with serving(tmp_path / "log", ("bentoml", "serve"), SAMO_RUNNERS="fake") as client:
        supervisor, port = client.process.pid, client.base_url.port or 0
        workers = [pid for pid in children(supervisor) if listens(pid, port)]
        assert workers
        for pid in workers:
            os.kill(pid, signal.SIGKILL)

        def is_back():
            try:
                answer = httpx.post(f"{client.base_url}/predict", json={"text": "joy"}, timeout=30)
            except httpx.TransportError:
                return False
            return answer.status_code == 200

        eventually(is_back, 60)
        new = [pid for pid in children(supervisor) if listens(pid, port)]
        assert new
        assert not set(new) & set(workers)


def test_samo_serve_says_who_restarts_it():
    command = [sys.executable, "-m", "samo", "serve", "--help"]
    help_text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    words = " ".join(help_text.split())
    assert "does not restart itself if it is killed" in words
    for restarts in ("systemd", "Docker with --restart", "Kubernetes", "Cloud Run"):
        assert restarts in words


def test_kubernetes_restarts_the_container():
    deployment = yaml.safe_load((DEPLOY / "k8s/base/deployment.yaml").read_text())
    assert deployment["spec"]["template"]["spec"]["restartPolicy"] == "Always"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemds_unit_is_valid(tmp_path):
    """With the command replaced by one that exists here."""
    unit = (DEPLOY / "systemd/samo.service").read_text()
    assert "Restart=always" in unit
    copy = tmp_path / "samo.service"
    copy.write_text(unit.replace("/opt/samo/.venv/bin/samo", sys.executable))
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "samo.service" not in checked.stderr
