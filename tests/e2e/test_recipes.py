"""The JavaScript programs of docs/recipes.md; test_documentation.py runs those in Python."""

from __future__ import annotations

import subprocess

import pytest

from tests.conftest import ROOT
from tests.documentation import blocks
from tests.e2e import node
from tests.e2e.test_documentation import DOCUMENTED_URL

pytestmark = pytest.mark.models

PROGRAMS = blocks(ROOT / "docs" / "recipes.md", "js")


@pytest.mark.parametrize("program", PROGRAMS, ids=["fetch", "axios", "openai"])
def test_a_program_in_javascript(program, server):
    node.install()
    code = program.code.replace(DOCUMENTED_URL, str(server.base_url).rstrip("/"))
    code = code.replace("tests/data", str(ROOT / "tests" / "data"))
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", code],
        cwd=node.CLIENTS,
        env=node.environment(),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "My cousins came to visit today" in done.stdout
    assert "sadness" in done.stdout  # of the text
    assert "422" in done.stdout  # of the empty text
