"""Why a live session ends, and the code with which its connection is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runners.errors import SamoError
from samo.live.server_events import ErrorDetails


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a session: the code of RFC 6455 and its reason, and an error event before it."""

    code: int
    reason: str
    error: ErrorDetails | None = None


def _refused(code: int, name: str, message: str) -> Ending:
    details = ErrorDetails(type="invalid_request_error", code=name, message=message)
    return Ending(code, name, details)


CLOSED: Final = Ending(1000, "session.close")
IDLE: Final = _refused(
    1000, "session_idle", "Nothing was sent for too long: connect again and send audio."
)
EXPIRED: Final = _refused(1000, "session_expired", "The session has reached its longest time.")
BEHIND: Final = _refused(1008, "client_too_slow", "Too many events wait to be read: read them.")
TOO_MANY: Final = Ending(
    1013,
    "too_many_sessions",
    ErrorDetails(
        type="server_error",
        code="too_many_sessions",
        message="All live sessions are taken: try again later, or upload the recording.",
    ),
)
STOPPING: Final = Ending(
    1012,
    "service_restart",
    ErrorDetails(
        type="server_error",
        code="service_restart",
        message="The service is stopping; what was said is transcribed. Connect again.",
    ),
)
FAILED: Final = Ending(
    1011,
    "internal_error",
    ErrorDetails(
        type="server_error",
        code="internal_error",
        message="The session failed, and the failure was logged: connect again.",
    ),
)


def limited(error: SamoError) -> Ending:
    """The caller has used up a limit."""
    details = ErrorDetails(type="rate_limit_error", code=error.code, message=error.message)
    return Ending(1008, error.code, details)
