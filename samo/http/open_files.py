"""Fit the number of connections to the open files that the process may have.

Every connection is an open file. A process without a free one cannot accept a connection, not even
a probe's, and cannot refuse it either.
"""

from __future__ import annotations

import logging
from typing import Final

from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.server")

# Connections up to twice the limit are accepted to be refused: `connections.Connection`.
_FILES_PER_CONNECTION: Final = 2
# Files of the process itself: its libraries, models, logs, event loop, Redis.
_OWN_FILES: Final = 64


def fit_open_files(settings: Settings) -> Settings:
    """Raise the limit of open files as far as needed and allowed; else serve fewer connections."""
    try:
        import resource
    except ImportError:  # Windows
        return settings
    needed = _FILES_PER_CONNECTION * settings.max_connections + _OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return settings
    limit = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
    if limit > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (OSError, ValueError):  # macOS allows less than its hard limit
            limit = soft
    if limit >= needed:
        return settings
    connections = max(1, (limit - _OWN_FILES) // _FILES_PER_CONNECTION)
    _log.warning(
        "the process may open %d files (ulimit -n), enough for %d connections: SAMO_MAX_CONNECTIONS"
        "=%d needs %d files",
        limit,
        connections,
        settings.max_connections,
        needed,
    )
    return settings.model_copy(update={"max_connections": connections})
