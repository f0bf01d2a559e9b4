"""`samo serve` that prints the names of its loaded modules when it receives SIGUSR1."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from samo import serve


def report(signal_number: int, frame: FrameType | None) -> None:
    names = sorted(name for name in sys.modules if "." not in name)
    sys.stdout.write(f"modules: {' '.join(names)}\n")
    sys.stdout.flush()


signal.signal(signal.SIGUSR1, report)
serve.main(sys.argv[1:])
