"""The licences that may ship, and those that packages do not state clearly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

# Licences of packages that may ship: permissive ones, and MPL-2.0, whose conditions concern changes
# of its own files.
ALLOWED: Final = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "CC0-1.0",
        "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Zlib",
    }
)  # fmt: skip
# Native libraries that are loaded dynamically may have these too: they can be replaced by others.
ALLOWED_FOR_LIBRARIES: Final = ALLOWED | {
    "GPL-3.0-or-later WITH GCC-exception-3.1",
    "LGPL-2.0-or-later",
    "LGPL-2.1-or-later",
    "LGPL-3.0-or-later",
    "LGPL-3.0-or-later OR GPL-2.0-or-later",
}
# Copyleft libraries that PyAV's wheel brings as encoders of video. NOTICE says what that means.
TOLERATED: Final = {"libx264": "GPL-2.0-or-later", "libx265": "GPL-2.0-or-later"}

# Packages whose metadata name no licence or an ambiguous one, with what their repositories say.
UNCLEAR: Final = {
    "aiohttp-asgi-connector": "BSD-3-Clause-Clear",
    "nvidia-ml-py": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
    "uvloop": "MIT AND Apache-2.0",
}

# The native libraries in the wheels, by name without version, as of their own projects.
BUNDLED: Final = {
    # av: ffmpeg 8 and what it is linked with
    "libSvtAv1Enc": "BSD-3-Clause-Clear",
    "libXau": "MIT",
    "libasound": "LGPL-2.1-or-later",
    **dict.fromkeys(
        ("libavcodec", "libavdevice", "libavfilter", "libavformat", "libavutil", "libswresample",
         "libswscale"),
        "LGPL-3.0-or-later",  # configured with --enable-version3
    ),
    "libdav1d": "BSD-2-Clause",
    "libdrm": "MIT",
    "libgmp": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libgnutls": "LGPL-2.1-or-later",
    "libhogweed": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libmp3lame": "LGPL-2.0-or-later",
    "libnettle": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libopencore": "Apache-2.0",
    "libopus": "BSD-3-Clause",
    "libsharpyuv": "BSD-3-Clause",
    "libunistring": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libvpl": "MIT",
    "libvpx": "BSD-3-Clause",
    "libwebp": "BSD-3-Clause",
    "libwebpmux": "BSD-3-Clause",
    "libxcb": "MIT",
    **TOLERATED,
    # ctranslate2, with oneDNN, OpenBLAS and Intel's oneMKL inside: NOTICE
    "libctranslate2": "MIT",
    "libgomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
    # numpy
    "libgfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libquadmath": "LGPL-2.1-or-later",
    "libscipy_openblas": "BSD-3-Clause",
    # pyzmq
    "libsodium": "ISC",
    "libzmq": "MPL-2.0",
}  # fmt: skip

# What packages write in place of SPDX identifiers.
_SPELLINGS: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",  # the classifier of all BSD licences; all are allowed
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# "A AND (B OR C)", as in SPDX expressions
_OPERATORS: Final = re.compile(r"\s+(?:AND|OR)\s+|[()]")


def normalize(stated: str | None, classifiers: Sequence[str]) -> str | None:
    """The SPDX expression for what a package states; None if it states nothing that is known.

    Args:
        stated: its field `License`, which may contain a whole licence.
        classifiers: the last parts of its licence classifiers; they count if `stated` is unclear.
    """
    if stated and (stated in _SPELLINGS or identifiers(stated) <= ALLOWED):
        return _SPELLINGS.get(stated, stated)
    known = [_SPELLINGS[name] for name in classifiers if name in _SPELLINGS]
    return " AND ".join(sorted(known)) if known and len(known) == len(classifiers) else None


def identifiers(expression: str) -> set[str]:
    """The licences that an SPDX expression names."""
    return {part for part in map(str.strip, _OPERATORS.split(expression)) if part}


def is_allowed(expression: str | None) -> bool:
    """Whether a package with this licence may ship; of alternatives one suffices."""
    choices = identifiers(expression or "")
    if expression is None or not choices:
        return False
    return bool(choices & ALLOWED) if " OR " in expression else choices <= ALLOWED
