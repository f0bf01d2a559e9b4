"""The READMEs of the clients: from an empty folder to an insight by the real models."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.documentation import blocks, commands
from tests.e2e.test_documentation import DOCUMENTED_URL

pytestmark = pytest.mark.models

PYTHON_README = ROOT / "clients/python/README.md"


@pytest.fixture(scope="module")
def url(server):
    return str(server.base_url).rstrip("/")


def run(command, **options):
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory, url):
    """Runs the README's install line in a new virtual environment; returns its variables."""
    folder = tmp_path_factory.mktemp("python")
    run([sys.executable, "-m", "venv", folder / "venv"])
    install, _ = commands(blocks(PYTHON_README, "sh")[0].code)
    environment = {
        **os.environ,
        "PATH": f"{folder / 'venv/bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": "",
        "SAMO_URL": url,
    }
    copy = f"cp -r {ROOT}/clients/python clients-python"  # setuptools writes into the folder
    code = f"{copy}; {install.replace('./clients/python', './clients-python')}"
    run(["bash", "-euc", code], cwd=folder, env=environment)
    return environment


def test_three_lines_of_python_from_install_to_insight(python, tmp_path):
    _, insight = commands(blocks(PYTHON_README, "sh")[0].code)
    assert "sad" in run(["bash", "-euc", insight], cwd=tmp_path, env=python)


@pytest.mark.parametrize(
    "block", blocks(PYTHON_README, "python"), ids=["recording", "asyncio", "errors"]
)
def test_the_python_programs(block, python, url):
    code = block.code.replace(DOCUMENTED_URL, url)
    assert run(["python", "-c", code], cwd=ROOT, env=python).strip()
