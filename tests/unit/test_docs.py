"""Modules, make targets, files, links, variables and options that the pages name exist.

`tests/e2e/test_documentation.py` runs the examples.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from samo.api.app import create_app
from samo.settings import ClientSettings, Settings, variable_names
from tests.conftest import ROOT
from tests.documentation import PAGES, blocks

BLOCKS = [
    pytest.param(block.code, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "sh"))
]


def ids(page: Path) -> str:
    return page.stem


def test_the_readme_links_every_how_to_guide_of_feedback():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"](docs/{name}.md)" in readme for name in ("feedback", "ab", "retraining"))


def test_there_are_blocks():
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS)
def test_every_shell_block_is_valid(block):
    done = subprocess.run(
        [Path(sys.executable).parent / "shellcheck", "--shell=bash", "--severity=warning",
         # people type cd without `|| exit`; quoted $NAMES are envsubst's
         "--exclude=SC2164,SC2016", "-"],
        input=block, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_block_names_a_language_whose_blocks_are_tested(page):
    """Shell, Python, JavaScript are run, JSON is compared, diagrams are parsed; others say so."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    assert [token.content for token in tokens if token.type == "code_block"] == []
    languages = {token.info for token in tokens if token.type == "fence"}
    for language in languages & {"swift", "kotlin"}:  # their compilers are not at hand
        assert f"## {language.title()}\n\nNot run here." in page.read_text(encoding="utf-8")
    assert languages <= {"sh", "python", "js", "json", "mermaid", "text", "swift", "kotlin"}


def test_a_mistake_in_a_block_is_found():
    with pytest.raises(AssertionError):
        test_every_shell_block_is_valid('curl -s "http://localhost:3000/health\n')


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_modules_and_targets_exist(page):
    text = page.read_text(encoding="utf-8")
    modules = set(re.findall(r"python3? -m ([a-z][\w.]*)", text)) - {"bentoml", "venv", "pip"}
    missing = {name for name in modules if importlib.util.find_spec(name) is None}
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = set(re.findall(r"(?:`|^|\| )make ([a-z-]+)", text, re.MULTILINE))
    assert (missing, named - targets) == (set(), set())


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_and_files_exist(page):
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
    """Return the anchors of the headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_variables_are_settings(page):
    named = set(re.findall(r"\bSAMO_[A-Z_]+\b", page.read_text(encoding="utf-8")))
    others = {"SAMO_", "SAMO_TEST_DATA", "SAMO_RECORDINGS"}  # the last is a former name
    others |= {f"SAMO_{field}".upper() for field in ClientSettings.model_fields}
    assert named - {*variable_names()} - others == set()


def test_every_setting_is_on_the_api_page():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert [name for name in variable_names() if name not in page] == []


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table after a heading of docs/api.md."""
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    table = page.partition(f"## {heading}\n")[2].partition("\n| ")[2].partition("\n\n")[0]
    lines = table.splitlines()[2:]  # after the head
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_options_and_defaults_are_those_of_the_api():
    """The table lists each field of the routes that are not OpenAI's, with its default."""
    openapi = create_app(Settings(runners="fake")).openapi()
    expected, documented = {}, {}
    for path, operations in openapi["paths"].items():
        body = operations.get("post", {}).get("requestBody", {}).get("content", {})
        if path.startswith("/v1/") or path == "/insights/trends" or not body:
            continue
        (schema,) = (media["schema"] for media in body.values())
        schema = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for name, field in schema["properties"].items():
            is_required = name in schema.get("required", ())
            expected[path, name] = "required" if is_required else field.get("default")
    for routes, name, default, _ in rows("Requests"):
        for route in re.findall(r"`(.*?)`", routes):
            paths = ("/analyze/journal", "/analyze/voice-journal") if "*" in route else (route,)
            for path in paths:
                documented[path, name.strip("`")] = default.strip("`")
    assert documented.keys() == expected.keys()
    for key, default in expected.items():
        # without a default value the table describes what happens
        if default not in (None, ""):
            text = default if isinstance(default, str) else json.dumps(default)
            assert documented[key] == text, key
