"""Find objects in JSON that contain a name twice; parsers drop all values but the last."""

from __future__ import annotations

import json
from typing import Any


class _RepeatedNameError(Exception):
    """An object contains a name twice."""


def has_repeated_names(body: bytes, document: dict[str, Any]) -> bool:
    """Whether an object of `body` contains a name twice.

    Args:
        body: JSON in UTF-8.
        document: what a parser has made of it.
    """
    # A dropped name leaves its colon. In a body with escaped colons the count proves nothing.
    if body.count(b":") <= _count_colons(document) and b"\\u003" not in body:
        return False
    try:
        json.loads(body, object_pairs_hook=_reject_repeated_names)
    except _RepeatedNameError:
        return True
    except (ValueError, RecursionError):  # the first parser accepted it
        pass
    return False


def _reject_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise _RepeatedNameError
    return result


def _count_colons(document: dict[str, Any]) -> int:
    """The colons of a document in JSON: one for each name, and those inside strings."""
    count = 0
    pending: list[Any] = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            count += value.count(":")
            continue
        if isinstance(value, dict):
            count += len(value)
            pending.extend(name for name in value if ":" in name)
            value = value.values()
        pending.extend(part for part in value if isinstance(part, (str, list, dict)))
    return count
