"""The environment of a process that decodes: none of the service's settings and secrets."""

from __future__ import annotations

import os
import sys
from typing import Final

_INHERITED: Final = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "PYTHONDONTWRITEBYTECODE",
)


def decoder_environment() -> dict[str, str]:
    """The environment variables, with the module path of this process."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),  # noqa: PTH109
        "OPENBLAS_NUM_THREADS": "1",  # a process with threads cannot be forked safely
    }
