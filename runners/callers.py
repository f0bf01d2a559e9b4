"""Who sent the current request, for the order in which requests are served."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

_caller: Final[ContextVar[str]] = ContextVar("caller", default="")


def set_caller(caller: str) -> None:
    """From now on the current task, and the tasks that it starts, work for `caller`.

    Args:
        caller: identifies a key or an address.

    """
    _caller.set(caller)


def current_caller() -> str:
    """The caller of the current request; "" outside of requests, as one caller."""
    return _caller.get()
