"""What the pages tell a reader to type is there: modules, targets, files; and a shell takes it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from samo.settings import variable_names
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def ids(page: Path) -> str:
    return page.stem


def shell_blocks(page: Path) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(shell_blocks(page))
]


def test_there_are_blocks():
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS)
def test_a_shell_takes_every_block(block):
    done = subprocess.run(
        [Path(sys.executable).parent / "shellcheck", "--shell=bash", "--severity=warning",
         # cd without `|| exit` is what people type; quoted $NAMES are envsubst's
         "--exclude=SC2164,SC2016", "-"],
        input=block, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_mistake_in_a_block_is_seen():
    with pytest.raises(AssertionError):
        test_a_shell_takes_every_block('curl -s "http://localhost:3000/health\n')


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_modules_and_targets_are_there(page):
    text = page.read_text(encoding="utf-8")
    modules = set(re.findall(r"python3? -m ([a-z][\w.]*)", text)) - {"bentoml", "venv", "pip"}
    missing = {name for name in modules if importlib.util.find_spec(name) is None}
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = set(re.findall(r"(?:`|^|\| )make ([a-z-]+)", text, re.MULTILINE))
    assert (missing, named - targets) == (set(), set())


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_and_files_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    broken = set()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.add(target)
    folders = "checkpoints|deploy|docs|exporting|loadtests|runners|samo|scripts|tests|training"
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", text):
        if not (ROOT / path).exists():
            broken.add(path)
    assert broken == set()


def anchors(page: Path) -> set[str]:
    """The names that headings get."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_variables_are_the_services(page):
    named = set(re.findall(r"\bSAMO_[A-Z_]+\b", page.read_text(encoding="utf-8")))
    others = {"SAMO_", "SAMO_TEST_DATA", "SAMO_RECORDINGS"}  # the last is a former name
    assert named - {*variable_names()} - others == set()


def test_every_setting_is_on_the_page():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert [name for name in variable_names() if name not in page] == []
