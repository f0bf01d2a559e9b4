"""Code blocks of the pages in the root and in docs/, and comparison with outputs they show."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from markdown_it import MarkdownIt

from tests.conftest import ROOT

PAGES: Final = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
# Objects whose names vary with the CPU and the model.
_SCORES: Final = frozenset({"emotions", "moods", "ekman", "sentiments"})


@dataclass(frozen=True)
class Block:
    """A code block; `output` is the JSON block that follows it without text in between."""

    page: Path
    language: str
    code: str
    output: str | None


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of a page in these languages, in order."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    found = []
    for token, following in pairwise([*tokens, None]):
        if token and token.type == "fence" and token.info in languages:
            is_output = following and following.type == "fence" and following.info == "json"
            output = following.content if following and is_output else None
            found.append(Block(page, token.info, token.content, output))
    return found


def commands(script: str) -> list[str]:
    """Split a shell script into its commands, which may have several lines."""
    found, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if not pending.strip():
            pending = ""
        elif not pending.endswith("\\\n") and _is_complete(pending):
            found.append(pending)
            pending = ""
    assert not pending, f"an incomplete command: {pending}"
    return found


def _is_complete(script: str) -> bool:
    done = subprocess.run(
        ["bash", "-n"], input=script, text=True, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


def title(command: str) -> str:
    """Return the first line of a command, without its comment and continuation."""
    return re.split(r"\s+#|\s*\\\n|\n", command)[0].strip()


def assert_same_shape(documented: Any, actual: Any) -> None:
    """Assert that `actual` has the documented names, with values of the same types.

    `documented` may be a part of `actual`. Scores must be between 0 and 1.
    """
    assert type(documented) is type(actual) or {type(documented), type(actual)} <= {int, float}
    if isinstance(documented, dict):
        for name, value in documented.items():
            if name in _SCORES and isinstance(value, dict):
                assert all(0 <= score <= 1 for score in actual[name].values())
            else:
                assert_same_shape(value, actual[name])
    elif isinstance(documented, list) and documented:
        assert actual
        for item in actual:
            assert_same_shape(documented[0], item)


def shape(value: Any, name: str | None = None) -> Any:
    """Return names and types; the number of emotions, sentences and segments is the model's."""
    if name in _SCORES and isinstance(value, dict):
        return "scores"
    if isinstance(value, dict):
        return {key: shape(item, key) for key, item in value.items()}
    if isinstance(value, list):
        shapes = [shape(item) for item in value]
        return shapes[0] if shapes and all(item == shapes[0] for item in shapes) else "list"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__
