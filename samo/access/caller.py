"""Who calls, and how much that caller may."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is counted, and by which limits, in the notation of `SAMO_RATE_LIMIT`."""

    id: str
    """The name of a key or an address, with its kind in front."""
    rate_limit: str | None
    compute_limit: str | None
