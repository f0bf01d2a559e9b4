"""Who sent the current request, for the order in which requests are served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_caller: ContextVar[str] = ContextVar("caller", default="")


@contextmanager
def called_by(caller: str) -> Iterator[None]:
    """While this block runs, in its tasks too, `caller` is the one who is served.

    Args:
        caller: identifies a key or an address.

    """
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


def current_caller() -> str:
    """The caller of the current request; "" outside of requests, as one caller."""
    return _caller.get()
