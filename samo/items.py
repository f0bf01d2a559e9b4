"""The markers of list items that stand in one line: "1. Coffee. 2. Tea.", "a) tea", "[ ] tea"."""

from __future__ import annotations

import re
from typing import Final

from samo.lines import ITEM

_NUMBERED: Final = re.compile(r"(?<!\S)\(?(\d{1,2}|[A-Za-z])([.)]{1,2})(?:\s+|(?=[A-Za-z]))(?=\S)")
_BULLET: Final = re.compile(
    r"(?<!\S)(?:[•◦▪▫‣⁃●○■□☐☑✓✔➤]\s*|\[[ xX✓]?\]\s*)(?=\S)|(?<=:)\s+([-–—*+])\s+(?=\S)"
)
_DASH: Final = re.compile(r"(?<=\s)([-–—*+])\s+(?=\S)")
# "Chapter 1. The start": a heading's number.
_COUNTED: Final = re.compile(
    r"\b(?:chapter|part|step|day|week|month|year|number|no|lesson|level|version|act|scene|page"
    r"|section|figure|question|round|grade|at|by|the|of|for|to|in|on|was|is|am)\s*$",
    re.IGNORECASE,
)


def list_markers(text: str) -> list[tuple[int, int]]:
    """Spans of the markers of list items: "1.", "b)", "•", "[ ]"; sorted, with white space."""
    spans: dict[int, int] = {}
    runs: list[list[re.Match[str]]] = []
    for match in _NUMBERED.finditer(text):
        value = _value(match[1])
        if match[1].isalpha() and ")" not in match[2]:
            continue
        if runs and _continues(runs[-1][-1], match, value):
            runs[-1].append(match)
        elif match.start() == 0 or value == 1:
            runs.append([match])
    for run in runs:
        first = run[0]
        before = text[max(0, first.start() - 20) : first.start()].rstrip()
        is_open = not before or before[-1] in ":.!?;…)"
        if (first.start() == 0 and ITEM.match(text)) or (
            (len(run) > 1 or before[-1:] == ":") and (is_open or _is_list(text, run))
        ):
            spans.update((match.start(), match.end()) for match in run)
    for match in _BULLET.finditer(text):
        begin = match.start() + len(match[0]) - len(match[0].lstrip())
        spans[begin] = match.end()
        if match[1]:
            for dash in _DASH.finditer(text, match.end()):
                if dash[1] == match[1]:
                    spans[dash.start()] = dash.end()
            break
    if text and not spans and (match_ := ITEM.match(text)):
        spans[0] = match_.end()
    return sorted(spans.items())


def _is_list(text: str, run: list[re.Match[str]]) -> bool:
    """Whether a word such as "chapter" is missing before one of the numbers."""
    return any(
        not _COUNTED.search(text, max(0, match.start() - 20), match.start()) for match in run
    )


def _value(label: str) -> int:
    return int(label) if label.isdigit() else ord(label.lower()) - ord("a") + 1


def _continues(last: re.Match[str], match: re.Match[str], value: int) -> bool:
    """Whether the marker `match` counts on from `last` in the same style."""
    return (
        value == _value(last[1]) + 1
        and last[1].isdigit() == match[1].isdigit()
        and last[2] == match[2]
    )
