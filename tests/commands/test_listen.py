"""`samo listen`: a recording by arecord, and what is said without a microphone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from samo import cli
from samo.audio import decode
from samo.commands import recorder
from tests.conftest import ROOT

# ALSA's device of files: what a program records from it is the content of a file.
ALSA = 'pcm.!default {{ type file slave.pcm "null" file "/dev/null" infile "{file}" format "raw" }}'


@pytest.fixture
def samples(tmp_path, recording):
    """The recording as a microphone gives it, and its number of bytes."""
    file = tmp_path / "samples.raw"
    (decode(recording).samples * 32_767).astype("<i2").tofile(file)
    return file


@pytest.mark.skipif(
    not shutil.which("arecord"), reason="needs arecord: scripts/debian-packages alsa-utils"
)
def test_arecord_records_what_the_device_gives(samples, tmp_path, monkeypatch, recording):
    (tmp_path / "asound.conf").write_text(ALSA.format(file=samples))
    monkeypatch.setenv("ALSA_CONFIG_PATH", f"/usr/share/alsa/alsa.conf:{tmp_path}/asound.conf")
    heard = []
    data = recorder.record(5, lambda seconds, peak: heard.append((seconds, peak)))
    recorded = decode(data).samples
    assert len(recorded) == 5 * 16_000
    expected = decode(recording).samples[: len(recorded)]
    assert np.abs(recorded - expected).max() < 2 / 32_768
    assert heard[-1][0] == pytest.approx(5)
    assert 0.1 < max(peak for _, peak in heard) <= 1


@pytest.fixture
def fake_arecord(samples, tmp_path, monkeypatch):
    """Gives two seconds of sound, then nothing more; returns a file that exists from then on."""
    program = tmp_path / "bin" / "arecord"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nhead -c 64000 {samples}\ntouch {tmp_path}/given\nexec sleep 60\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return tmp_path / "given"


def test_ctrl_c_ends_the_recording_and_analyses_it(fake_arecord):
    process = subprocess.Popen(
        [sys.executable, "-m", "samo", "listen", "--json"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not fake_arecord.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)  # the last tenth of a second is in the pipe
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["transcription"]["duration"] == pytest.approx(2)


def test_no_microphone_is_an_error_that_says_what_to_do(tmp_path, monkeypatch, capsys):
    program = tmp_path / "arecord"
    program.write_text(
        "#!/bin/sh\necho 'audio open error: No such file or directory' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert cli.main(["listen"]) == 4
    err = capsys.readouterr().err
    assert "No microphone can be used (arecord: audio open error: No such file" in err
    assert "samo analyze FILE" in err


def test_no_recorder_is_an_error_that_names_them(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert cli.main(["listen"]) == 4
    err = capsys.readouterr().err
    assert [name for name in ("arecord", "ffmpeg", "sounddevice") if name not in err] == []


@pytest.mark.parametrize("seconds", ["0", "-1", "301", "nan", "x"])
def test_a_duration_that_cannot_be(seconds, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["listen", "--seconds", seconds])
    assert ended.value.code == 2
    assert "--seconds" in capsys.readouterr().err
