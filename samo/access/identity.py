"""Which API key sent a request."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

_KEY_NAME: Final = "samo.key_name"


def set_key_name(scope: Scope, name: str) -> None:
    """The request was sent with the key of this name."""
    scope[_KEY_NAME] = name


def key_name(scope: Scope) -> str:
    """The name of the request's key; "" without keys."""
    name: str = scope.get(_KEY_NAME, "")
    return name
