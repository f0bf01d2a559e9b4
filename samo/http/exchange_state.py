"""The states of a request and its response."""

from __future__ import annotations

import enum


class State(enum.Enum):
    """The state of an exchange; it only moves down this list."""

    WAITING = enum.auto()
    """The response has not begun."""
    STOPPED = enum.auto()
    """The application's response is discarded: a limit was exceeded, or the client disconnected."""
    RESPONDING = enum.auto()
    """The response has begun."""
    CUT = enum.auto()
    """A stream was cancelled: the client disconnected, or the service stops."""
    REPLACED = enum.auto()
    """The envelope was sent; the rest of the application's own error response is discarded."""
    DONE = enum.auto()
    """The response is complete."""
