"""A folder of Markdown and text files and of recordings, as Obsidian, Logseq or a phone write it.

The date of an entry is, in this order: `date` or `created` in the front matter, a date in the path
such as `2026-01-31.md` or `2026/01/31 21-30.m4a`. Files without a date are skipped, or get the
day on which they were changed, if that is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from samo.batch import sniff
from samo.batch.recordings import read_recording
from samo.journal import dates
from samo.journal.entries import Journal, JournalEntry, UnreadableJournal

_TEXT_SUFFIXES: Final = frozenset({".md", ".markdown", ".txt", ".text", ".org"})
_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_DATE_KEYS: Final = ("date", "created", "created_at", "creation date", "day")
# A text of MAX_TEXT_CHARACTERS has at most 80 kB; larger files are refused with the entry's length.
_MAX_TEXT_BYTES: Final = 1024 * 1024


def read_folder(folder: Path, *, undated: bool) -> Journal:
    """The entries of a folder and its subfolders.

    Args:
        folder: the folder.
        undated: take files without a date too, on the day of their last change.

    """
    journal = Journal(folder.resolve().name)
    for path in _files(folder):
        relative = path.relative_to(folder).as_posix()
        try:
            _add(journal, path, relative, undated)
        except OSError:
            journal.skipped["unreadable"] += 1
    journal.sort()
    return journal


def _files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        if error.filename == str(folder):
            raise UnreadableJournal(f"{folder} cannot be read: {error.strerror}.")

    for parent, folders, names in os.walk(folder, onerror=refuse):
        # hidden folders are an app's own, such as .obsidian and .trash
        folders[:] = sorted(
            one for one in folders if not one.startswith(".") and not sniff.is_system_folder(one)
        )
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _add(journal: Journal, path: Path, relative: str, undated: bool) -> None:
    is_text = path.suffix.lower() in _TEXT_SUFFIXES
    if not is_text and not sniff.named_as_recording(path.name):
        journal.skipped[path.suffix.lower() or "no suffix"] += 1
        return
    text = _read_text(path) if is_text else None
    stem = relative.removesuffix(path.suffix)
    when = (_front_matter_date(text) if text else None) or dates.in_path(stem)
    if when is None and undated:
        when = dates.parse(datetime.fromtimestamp(path.stat().st_mtime).astimezone())
    if when is None:
        journal.skipped["without a date"] += 1
        return
    journal.entries.append(
        JournalEntry(
            *when,
            title=None if dates.in_path(path.stem) else path.stem,
            source=relative,
            text=text,
            read_recording=None if is_text else partial(read_recording, path),
        )
    )


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_TEXT_BYTES)
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _front_matter_date(text: str) -> dates.When | None:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return None
    try:
        values = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError):  # ValueError: a date that does not exist
        return None
    if not isinstance(values, dict):
        return None
    by_name = {str(name).lower(): value for name, value in values.items()}
    found = (dates.parse(by_name[name]) for name in _DATE_KEYS if name in by_name)
    return next((when for when in found if when), None)
