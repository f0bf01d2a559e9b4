"""A start that a setting refuses ends with one line that says what to change, and with status 1."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        # found while the models are loaded, in BentoML's call of the service
        ("SAMO_AB_MODEL", "fake", "SAMO_AB_MODEL cannot be used: fake is the model that serves"),
        # found before BentoML is imported
        ("BENTOML_HOME", __file__, "BENTOML_HOME cannot be used: it is not a folder"),
        # found while the service is created
        ("SAMO_JOBS_FOLDER", "/proc/none", "SAMO_JOBS_FOLDER cannot be used: No such file"),
    ],
)
def test_the_only_line_is_the_reason(name, value, reason):
    started = subprocess.run(
        [sys.executable, "-m", "samo", "serve", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "SAMO_RUNNERS": "fake", "SAMO_ALLOW_ANONYMOUS": "true", name: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert started.returncode == 1
    assert "Error" not in started.stdout  # with the locations of the error
    *before, error = started.stderr.splitlines()
    assert [line.partition("; ")[0] for line in before] in ([], ["Loading"])
    assert error.startswith(reason)
