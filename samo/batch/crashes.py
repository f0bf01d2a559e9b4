"""Which entry ended the process, so that a repeated command does not end in the same place.

Codecs and models are native code, and a bug there ends the process, not one entry. Each process
writes into a log of its own which entries it begins and finishes; on a fatal signal (SIGSEGV and
the like) Python's faulthandler adds a line to it. SIGKILL, Ctrl-C and lost machines add none, so
they accuse nobody. An entry that was under way in one crash is analysed alone the next time, so
that a second crash has one suspect; one that was under way in two is refused.
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

CRASHES_UNTIL_REFUSED: Final = 2
_FATAL: Final = b"Fatal Python error"
_LINES: Final = re.compile(rb"^([+-])(\d+)\n", re.MULTILINE)


class CrashedProcess(SamoError):
    """An entry that ended the process each time that it was analysed."""

    status = 500
    code = "crashed"

    def __init__(self) -> None:
        super().__init__(
            f"The process ended {CRASHES_UNTIL_REFUSED} times while this entry was analysed, so it "
            "was left out. A recording may be readable after it is converted, to FLAC for example.",
            crashes=CRASHES_UNTIL_REFUSED,
        )


class CrashLog:
    """Says which entries are under way in this process, and which were when others crashed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._crashes = Counter(
            entry for log in folder.glob("*.log") for entry in _under_way_at_crash(log.read_bytes())
        )
        self._path = folder / f"{uuid.uuid4().hex}.log"
        self._file = os.open(
            self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666
        )
        self._handled_before = faulthandler.is_enabled()
        faulthandler.enable(self._file, all_threads=False)

    def crashes(self, entry: int) -> int:
        """In how many crashes entry number `entry` was under way."""
        return self._crashes[entry]

    def begin(self, entry: int) -> None:
        """Say that an entry is under way."""
        self._write(b"+%d\n" % entry)

    def end(self, entry: int) -> None:
        """Say that an entry is finished, answered or refused."""
        self._write(b"-%d\n" % entry)

    def _write(self, line: bytes) -> None:
        with suppress(OSError):  # a full disk is found out when the part is written
            os.write(self._file, line)

    def close(self) -> None:
        """End without a crash: the log is of no more use."""
        faulthandler.disable()
        if self._handled_before:
            faulthandler.enable(2)  # standard error, as Python's own option does
        os.close(self._file)
        self._path.unlink(missing_ok=True)


def _under_way_at_crash(log: bytes) -> set[int]:
    """The entries that were begun and not finished in a log that ends with a fatal signal."""
    before, fatal, _ = log.partition(_FATAL)
    under_way: set[int] = set()
    for sign, entry in _LINES.findall(before) if fatal else ():
        (under_way.add if sign == b"+" else under_way.discard)(int(entry))
    return under_way
