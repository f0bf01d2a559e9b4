"""Find the entry that crashes the process, so that a resumed run does not crash again.

Codecs and models are native code, and a bug in them ends the process. Each process logs which
entries it starts and finishes. On a fatal signal (such as SIGSEGV), Python's faulthandler adds a
line to this log. SIGKILL, Ctrl-C and a lost machine add none, so they count for no entry. An entry
that was in progress during one crash is analysed on its own the next time, so that a second crash
identifies it. An entry that was in progress during two crashes is refused.
"""

from __future__ import annotations

import faulthandler
import os
import re
import uuid
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

from runners.errors import SamoError

MAX_CRASHES: Final = 2
_FATAL: Final = b"Fatal Python error"
_LINES: Final = re.compile(rb"^([+-])(\d+)\n", re.MULTILINE)


class CrashedProcess(SamoError):
    """The process crashed each time it analysed this entry."""

    status = 500
    code = "crashed"

    def __init__(self) -> None:
        super().__init__(
            f"The process crashed {MAX_CRASHES} times while it analysed this entry, so the entry "
            "was skipped. If it is a recording, convert it, for example to FLAC.",
            crashes=MAX_CRASHES,
        )


class CrashLog:
    """The log of this process, and the crashes in the logs of earlier processes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._crashes = Counter(
            entry for log in folder.glob("*.log") for entry in _entries_at_crash(log.read_bytes())
        )
        self._path = folder / f"{uuid.uuid4().hex}.log"
        self._file = os.open(
            self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666
        )
        self._was_enabled = faulthandler.is_enabled()
        faulthandler.enable(self._file, all_threads=False)

    def crashes(self, entry: int) -> int:
        """Return in how many crashes entry number `entry` was in progress."""
        return self._crashes[entry]

    def entry_started(self, entry: int) -> None:
        """Log that an entry is in progress."""
        self._write(b"+%d\n" % entry)

    def entry_finished(self, entry: int) -> None:
        """Log that an entry is finished: analysed or refused."""
        self._write(b"-%d\n" % entry)

    def _write(self, line: bytes) -> None:
        with suppress(OSError):  # a full disk is reported when the part is written
            os.write(self._file, line)

    def close(self) -> None:
        """Delete the log: this process did not crash."""
        faulthandler.disable()
        if self._was_enabled:
            faulthandler.enable(2)  # standard error, as Python's own option does
        os.close(self._file)
        self._path.unlink(missing_ok=True)


def _entries_at_crash(log: bytes) -> set[int]:
    """Return the entries that were in progress when a fatal signal ended the process."""
    lines, fatal, _ = log.partition(_FATAL)
    in_progress: set[int] = set()
    for sign, entry in _LINES.findall(lines) if fatal else ():
        (in_progress.add if sign == b"+" else in_progress.discard)(int(entry))
    return in_progress
