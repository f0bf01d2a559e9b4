"""`make monitor`, without Prometheus."""

from __future__ import annotations

import subprocess
import sys

import pytest

import monitoring.__main__
from monitoring import beside, panels
from monitoring.prometheus_server import PrometheusError, free_port
from tests.conftest import ROOT


def stderr_of(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["monitoring", "run", *arguments])
    assert monitoring.__main__.main() == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file"), (b"", "is empty"), (b"\xff", "not text")]
)
def test_a_key_file_without_a_key_is_refused_in_one_line(
    content, message, tmp_path, monkeypatch, capsys
):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    error = stderr_of(["--key-file", str(file)], monkeypatch, capsys)
    assert message in error
    assert error.count("\n") == 1


def test_waiting_is_announced_and_ends(monkeypatch, capsys):
    monkeypatch.setattr(beside, "_ANSWER_SECONDS", 0.5)
    url = f"http://localhost:{free_port()}"
    with pytest.raises(PrometheusError, match="nothing listens there"), beside.service(url, 0):
        pass
    assert capsys.readouterr().out.startswith(f"Waiting for {url}, up to ")


def test_lines_are_short_and_a_page_has_the_graphs(tmp_path):
    text = beside.where_to_look("http://localhost:3000", "http://127.0.0.1:9091")
    assert max(map(len, text.splitlines())) < 80
    beside.write_graphs(tmp_path)
    page = (tmp_path / "graphs.html").read_text()
    assert page.count('<a href="/graph?g0.expr=') == len(panels.ROWS)
    assert "{{" not in page  # a template to Prometheus


@pytest.mark.parametrize(("url", "exports"), [("", True), ("URL=http://localhost:3000", False)])
def test_make_installs_no_training_packages(url, exports):
    command = ["make", "--dry-run", "--always-make", "monitor", *url.split()]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "requirements/dev.txt" not in made
    assert ("export_models.py" in made) == exports
    assert "--prometheus-port 9091" in made
