"""What `make serve` does and says before it serves."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def free_port(host, port):
    command = [sys.executable, "scripts/free-port", host, str(port)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_port_in_use_is_refused_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = free_port("127.0.0.1", port)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Choose another port: make serve PORT=3456\n"
    )
    assert free_port("127.0.0.1", port).returncode == 0


@pytest.mark.parametrize(("host", "port"), [("localhost", 99999), ("localhost", "x"), ("a..b", 1)])
def test_what_is_no_address_has_no_traceback(host, port):
    refused = free_port(host, port)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1


def test_steps_are_announced_and_the_port_is_checked_before_the_export():
    command = ["make", "--dry-run", "--always-make", "serve"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    steps = ("Creating .venv", "Installing the packages", "free-port", "export_models.py")
    assert sorted(steps, key=made.index) == list(steps)
