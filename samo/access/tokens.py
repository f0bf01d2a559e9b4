"""Short-lived tokens: a browser opens a live session with one instead of an API key.

A token names the key that asked for it and is signed, so that nothing is stored, and a key that is
revoked takes its tokens along. It is not encrypted; it contains no text of the user.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import orjson

PREFIX: Final = "ek_"
"""As of OpenAI's tokens."""
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Token:
    """What a valid token says."""

    key_name: str | None
    """The API key that asked for it; None if the service has no keys."""
    session: dict[str, Any]
    """The configuration of the sessions that it opens."""


IssueToken = Callable[[dict[str, Any], int], tuple[str, int]]

issue_token: ContextVar[IssueToken] = ContextVar("issue_token")
"""Issues a token for the caller of the current request; see `TokenSigner.issue`."""


class TokenSigner:
    """Issues and verifies tokens.

    Args:
        secret: signs; by default random, so that tokens of other processes are invalid.
    """

    def __init__(self, secret: str | None = None) -> None:
        self._secret = secret.encode() if secret else secrets.token_bytes(_SECRET_BYTES)

    def issue(self, key_name: str | None, session: dict[str, Any], seconds: int) -> tuple[str, int]:
        """A token, and when it expires in Unix time."""
        expires = int(time.time()) + seconds
        nonce = secrets.token_hex(8)
        payload = orjson.dumps([key_name, expires, nonce, session])
        return f"{PREFIX}{_encode(payload)}.{_encode(self._sign(payload))}", expires

    def verify(self, text: str) -> Token | None:
        """What `text` says; None if it is no valid token or has expired."""
        payload_text, _, signature = text.removeprefix(PREFIX).partition(".")
        try:
            payload = _decode(payload_text)
            is_ours = hmac.compare_digest(self._sign(payload), _decode(signature))
        except (binascii.Error, ValueError):
            return None
        if not is_ours:
            return None
        key_name, expires, _, session = orjson.loads(payload)
        return Token(key_name, session) if time.time() < expires else None

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._secret, payload, hashlib.sha256)


def _encode(data: bytes) -> str:
    """Base64 without characters that a header of a WebSocket's subprotocols does not allow."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
