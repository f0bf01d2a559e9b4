"""Which callers get variant B: a hash decides, so that nothing is stored."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

VariantName = Literal["a", "b"]

_BYTES: Final = 8


def assign(experiment: str, caller: str, share: float) -> VariantName:
    """The variant of a caller, the same on every instance and after every restart.

    A caller who gets B keeps it when the share grows. In another experiment the same callers are
    divided anew.

    Args:
        experiment: name of the experiment.
        caller: identifies a person, a key or an address.
        share: of the callers who get B, from 0 to 1.

    """
    # the lengths keep "a" + "bc" and "ab" + "c" apart
    message = f"{len(experiment)}:{experiment}:{caller}".encode("utf-8", "surrogateescape")
    number = int.from_bytes(hashlib.blake2b(message, digest_size=_BYTES).digest(), "big")
    return "b" if number < share * 2 ** (8 * _BYTES) else "a"
