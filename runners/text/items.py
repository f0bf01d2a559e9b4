"""Find the markers of list items within a line: "1. Coffee. 2. Tea.", "a) tea", "[ ] tea"."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from runners.text.lines import ITEM

_NUMBERED: Final = re.compile(
    r"(?<!\S)\(?(\d{1,2}|[A-Za-z]|[ivx]{2,5}|[IVX]{2,5})([.)]{1,2})(?:\s+|(?=[A-Za-z]))(?=\S)"
)
_BULLETS: Final = "•◦▪▫‣⁃●○■□☐☑✓✔➤①-⑳❶-➓"
_BULLET: Final = re.compile(  # starts with one set of characters, which `re` searches faster
    rf"[{_BULLETS}\[:](?:(?<=[{_BULLETS}])(?<!\S.)\s*(?=\S)|(?<=\[)(?<!\S.)[ xX✓]?\]\s*(?=\S)"
    r"|(?<=:)\s+([-–—*+])\s+(?=\S))"
)
# Number of nested lists that are tracked.
_MAX_NESTED_RUNS: Final = 4
_KEYCAP: Final = re.compile(r"(?<!\S)[0-9]\ufe0f?\u20e3\s*(?=\S)")
_DASH: Final = re.compile(r"(?<=\s)([-–—*+])\s+(?=\S)")
_ROMAN: Final = {"i": 1, "v": 5, "x": 10}
# The number after one of these words does not mark an item: "Chapter 1. The start".
_BEFORE_NUMBER: Final = re.compile(
    r"\b(?:chapter|part|step|day|week|month|year|number|no|lesson|level|version|act|scene|page"
    r"|section|figure|question|round|grade|at|by|the|of|for|to|in|on|was|is|am)\s*$",
    re.IGNORECASE,
)


def list_markers(text: str) -> list[tuple[int, int]]:
    """Return the spans of list markers ("1.", "b)", "•", "[ ]") with the white space after them.

    The spans are sorted and do not overlap.
    """
    spans: dict[int, int] = {}
    runs: list[list[re.Match[str]]] = []
    for match in _NUMBERED.finditer(text):
        run = next(
            (run for run in runs[: -_MAX_NESTED_RUNS - 1 : -1] if _is_next(run[-1], match)), None
        )
        if run is not None:
            run.append(match)
        elif match.start() == 0 or 1 in _values(match[1]).values():
            runs.append([match])
    for run in runs:
        first = run[0]
        before = text[max(0, first.start() - 20) : first.start()].rstrip()
        is_open = not before or before[-1] in ":.!?;…)"
        if first[1].isalpha() and ")" not in first[2]:
            numbers_line = first.start() == 0 and ITEM.match(text)
            if not numbers_line and not (is_open and _is_lettered(run)):
                continue
        if (first.start() == 0 and ITEM.match(text)) or (
            (len(run) > 1 or before[-1:] == ":") and (is_open or _is_list(text, run))
        ):
            spans.update((match.start(), match.end()) for match in run)
    for match in _BULLET.finditer(text):
        spans[match.start(1) if match[1] else match.start()] = match.end()
        if match[1]:
            # A dash after a colon starts a list; later dashes of the same kind are its items.
            for dash in _DASH.finditer(text, match.end()):
                if dash[1] == match[1]:
                    spans[dash.start()] = dash.end()
            break
    if text.count("\u20e3") > 1:  # "1️⃣ Coffee 2️⃣ Tea"; a single keycap may be a number in a sentence
        spans.update(match.span() for match in _KEYCAP.finditer(text))
    if text and not spans and (item := ITEM.match(text)):
        spans[0] = item.end()
    return sorted(spans.items())


def _is_list(text: str, run: list[re.Match[str]]) -> bool:
    """Whether any of the numbers does not follow a word such as "chapter"."""
    return any(
        not _BEFORE_NUMBER.search(text, max(0, match.start() - 20), match.start()) for match in run
    )


def _is_lettered(run: list[re.Match[str]]) -> bool:
    """Whether letters number items, unlike the initials in "A. B. Smith met C. Jones"."""
    needed = 3 if run[0][1].isupper() and len(run[1:] and run[1][1]) == 1 else 2
    return len(run) >= needed and all(one.end() < other.start() for one, other in pairwise(run))


def _values(label: str) -> dict[str, int]:
    """Positions in a list that a label may have, by style: "i" is Roman 1 or the 9th letter."""
    if label.isdigit():
        return {"digits": int(label)}
    lowered = label.lower()
    values = {} if len(lowered) > 1 else {"letter": ord(lowered) - ord("a") + 1}
    if set(lowered) <= _ROMAN.keys():
        digits = [_ROMAN[letter] for letter in lowered]
        values["roman"] = sum(
            -digit if digit < after else digit for digit, after in pairwise([*digits, 0])
        )
    return values


def _is_next(last: re.Match[str], match: re.Match[str]) -> bool:
    """Whether the marker `match` is the next after `last` in the same style."""
    if last[2] != match[2] or last[1].isupper() != match[1].isupper():
        return False
    values = _values(match[1])
    return any(values.get(style) == value + 1 for style, value in _values(last[1]).items())
