"""Read one entry from a file or from stdin."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

from runners.errors import SamoError
from runners.text.blank import is_blank
from samo.batch import sniff
from samo.batch.recordings import read_recording
from samo.commands.console import messages
from samo.commands.errors import REFUSED, USAGE, CommandError
from samo.limits import MAX_AUDIO_BYTES

STDIN = "-"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_entry(name: str) -> str | bytes:
    """The text, or the bytes of the recording. Raises a `CommandError` if it is neither."""
    data = _read_stdin() if name == STDIN else _read_file(Path(name))
    what = sniff.kind("" if name == STDIN else Path(name).name, data[: sniff.HEAD_BYTES])
    if what == "other":
        raise CommandError(
            f"{_title(name)} is neither text nor a recording: save it as plain text.", REFUSED
        )
    if what == "recording":
        return data
    text = decode_text(data, _title(name))
    if is_blank(text):
        raise CommandError(f"{_title(name)} has no visible character.", REFUSED)
    return text


def decode_text(data: bytes, title: str) -> str:
    """A text in UTF-8, or in UTF-16 with a byte order mark."""
    encoding = "utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise CommandError(f"{title} is not UTF-8: convert it to UTF-8.", REFUSED) from None


def _read_file(path: Path) -> bytes:
    if path.is_dir():
        raise CommandError(
            f"{path} is a folder: `samo journal` makes a report of one, `samo batch` analyses it.",
            USAGE,
        )
    if not path.exists():
        raise CommandError(f"{path} does not exist.", USAGE)
    try:
        return read_recording(path)
    except SamoError as error:
        raise CommandError(f"{path}: {error.message}", REFUSED) from None


def _read_stdin() -> bytes:
    if sys.stdin.isatty():
        messages().print("Write your entry; Ctrl-D on an empty line ends it.", style="dim")
    data = sys.stdin.buffer.read(MAX_AUDIO_BYTES + 1)
    if len(data) > MAX_AUDIO_BYTES:
        raise CommandError(
            f"The input is too large: send at most {MAX_AUDIO_BYTES} bytes.", REFUSED
        )
    return data


def _title(name: str) -> str:
    return "The input" if name == STDIN else name
