"""Exports of Day One (JSON) and of Journiv: a ZIP file, its unpacked folder or its JSON file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from runners.errors import PayloadTooLarge
from runners.text.blank import is_blank
from samo.insight.markup import plain_text
from samo.journal import dates
from samo.journal.entries import Journal, JournalEntry, UnreadableJournal
from samo.limits import MAX_AUDIO_BYTES

# A journal of thirty years has about 20 MB of text; more than this is no journal.
_MAX_JSON_BYTES: Final = 256 * 1024 * 1024

ReadFile = Callable[[str], bytes]
"""Reads a file of the export by its path; raises `OSError` or a `SamoError`."""


def read_export(path: Path) -> Journal | None:
    """The journal in an export; None if the folder or file is none.

    Raises:
        UnreadableJournal: A ZIP or JSON file is damaged, or not an export.
    """
    try:
        if path.is_dir():
            return _read_folder(path)
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        if path.suffix.lower() == ".json":
            journal = Journal(path.stem)
            _add_all(journal, path.name, path.read_bytes(), partial(_read_beside, path.parent))
            return _finished(journal, path)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise UnreadableJournal(
            f"{path} cannot be read ({type(error).__name__}): export it again."
        ) from None
    return None


def _read_folder(folder: Path) -> Journal | None:
    journal = Journal(folder.resolve().name)
    for file in sorted(folder.glob("*.json")):
        try:
            _add_all(journal, file.name, file.read_bytes(), partial(_read_beside, folder))
        except ValueError:
            continue  # some other JSON in a folder of Markdown
    return _finished(journal, folder) if journal.entries else None


def _read_zip(path: Path) -> Journal:
    journal = Journal(path.stem)
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".json") or name.startswith("__MACOSX/"):
                continue
            # the recordings are read later, when this archive is closed
            read_file = partial(_read_beside_member, path, name)
            _add_all(journal, name, _read_member(path, name, _MAX_JSON_BYTES), read_file)
    return _finished(journal, path)


def _finished(journal: Journal, path: Path) -> Journal:
    if not journal.entries and not journal.skipped:
        raise UnreadableJournal(
            f"{path} is no export of Day One or Journiv: it has no entries in the form of theirs."
        )
    journal.sort()
    return journal


def _read_member(path: Path, name: str, max_bytes: int = MAX_AUDIO_BYTES) -> bytes:
    with zipfile.ZipFile(path) as archive:
        try:
            member = archive.open(name)
        except KeyError:
            raise FileNotFoundError(name) from None
        with member:
            data = member.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise PayloadTooLarge(f"The file is too large: it may have {max_bytes} bytes.")
    return data


def _read_beside_member(path: Path, member: str, file: str) -> bytes:
    folder, slash, _ = member.rpartition("/")
    return _read_member(path, f"{folder}{slash}{file}")


def _read_beside(folder: Path, name: str) -> bytes:
    # `name` is from the export: it must not lead out of the folder
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FileNotFoundError(name)
    with path.open("rb") as file:
        return file.read(MAX_AUDIO_BYTES + 1)


def _add_all(journal: Journal, file: str, data: bytes, read_file: ReadFile) -> None:
    content = json.loads(data)
    if not isinstance(content, dict):
        return
    if isinstance(content.get("entries"), list):
        raw = map(partial(_day_one_entry, read_file), content["entries"])
    elif "export_version" in content or "journals" in content:
        raw = map(_journiv_entry, _journiv_entries(content))
    else:
        return
    for number, entry in enumerate(raw, start=1):
        if entry is None:
            journal.skipped["without text or date"] += 1
            continue
        when, title, text, read_recording = entry
        journal.entries.append(
            JournalEntry(*when, title, f"{file}, entry {number}", text, read_recording)
        )


_RawEntry = tuple[dates.When, str | None, str | None, Callable[[], bytes] | None]


def _day_one_entry(read_file: ReadFile, entry: Any) -> _RawEntry | None:
    if not isinstance(entry, dict):
        return None
    when = dates.in_zone(entry.get("creationDate"), entry.get("timeZone"))
    text = entry.get("text") or ""
    if when is None or not isinstance(text, str):
        return None
    if entry.get("isAllDay"):
        when = (when[0], None)
    if not is_blank(plain_text(text).text):
        return when, None, text, None
    # an entry that is only a recording; its file is named by the MD5 of its content
    for audio in entry.get("audios") or []:
        if isinstance(audio, dict) and isinstance(audio.get("md5"), str):
            name = f"audios/{audio['md5']}.{audio.get('format') or 'm4a'}"
            return when, None, None, partial(read_file, name)
    return None


def _journiv_entries(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Entries of all versions of the export: below journals, and of 2026 below moments."""
    for journal in content.get("journals") or []:
        yield from journal.get("entries") or []
    for moment in content.get("moments") or []:
        if isinstance(moment, dict) and isinstance(moment.get("entry"), dict):
            yield {
                "entry_datetime_utc": moment.get("logged_at_utc"),
                "entry_timezone": moment.get("logged_timezone"),
                **moment["entry"],
            }


def _journiv_entry(entry: Any) -> _RawEntry | None:
    if not isinstance(entry, dict) or entry.get("is_draft"):
        return None
    when = dates.in_zone(entry.get("entry_datetime_utc"), entry.get("entry_timezone"))
    when = when or dates.parse(entry.get("entry_date"))
    text = entry.get("content_plain_text") or entry.get("content") or _delta_text(entry)
    if when is None or not isinstance(text, str) or is_blank(text):
        return None
    title = entry.get("title")
    return when, title if isinstance(title, str) else None, text, None


def _delta_text(entry: dict[str, Any]) -> str:
    """The text of a Quill Delta; pictures and other embedded objects have none."""
    delta = entry.get("content_delta")
    operations = delta.get("ops") if isinstance(delta, dict) else None
    inserts = [one.get("insert") for one in operations or [] if isinstance(one, dict)]
    return "".join(one for one in inserts if isinstance(one, str))
