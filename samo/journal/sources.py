"""Open a journal of any source."""

from __future__ import annotations

from pathlib import Path

from samo.journal.entries import Journal, UnreadableJournal
from samo.journal.exports import read_export
from samo.journal.folder import read_folder


def read_journal(path: Path, *, undated: bool = False) -> Journal:
    """The entries of an export of Day One or Journiv, or of a folder of files.

    Args:
        path: a folder, a ZIP file or a JSON file.
        undated: take files without a date too, on the day of their last change.

    Raises:
        UnreadableJournal: There is no journal at `path`.
    """
    if not path.exists():
        raise UnreadableJournal(f"{path} does not exist.")
    journal = read_export(path)
    if journal is None:
        if not path.is_dir():
            raise UnreadableJournal(
                f"{path} is no journal: name a folder of Markdown files and recordings, or an "
                "export of Day One (JSON) or Journiv."
            )
        journal = read_folder(path, undated=undated)
    return journal
