"""ASGI middleware: who may call a route, and how much."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runners.callers import set_caller
from runners.errors import InsufficientScope, InvalidApiKey, SamoError
from runners.usage import metered
from samo.access.caller import Caller
from samo.access.identity import set_key_name
from samo.access.key_ring import KeyRing
from samo.access.keys import ApiKey
from samo.access.scopes import required_scopes
from samo.access.tokens import PREFIX as TOKEN_PREFIX
from samo.access.tokens import TokenSigner, issue_token
from samo.http.client_address import client_address
from samo.http.envelope import error_response
from samo.monitoring.request_record import note_key
from samo.settings import Settings

if TYPE_CHECKING:
    from samo.access.rate_limits import RateLimiter

TOKEN_SESSION: Final = "samo.token_session"  # noqa: S105  # a name
"""In the scope: the configuration of the short-lived token; missing without one."""
CHECK_COMPUTING: Final = "samo.check_computing"
"""In the scope of a WebSocket: returns the error if the caller has used up its computing; missing
without a limit."""

# Browsers cannot set headers of a WebSocket; OpenAI's clients pass the key as a subprotocol.
_SUBPROTOCOL: Final = "openai-insecure-api-key."
_REALM: Final = 'Bearer realm="samo"'


class AccessMiddleware:
    """Answers 401, 403 and 429 before a request's body is read.

    It is inside `RequestMiddleware`, which sends the envelope, and inside `PathMiddleware`, which
    normalizes paths and refuses unknown ones.

    Args:
        app: The routes.
        settings: The limits, and how many proxies are trusted.
        keys: The API keys; None if every caller is served.
        tokens: Verifies short-lived tokens.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, keys: KeyRing | None, tokens: TokenSigner
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._settings = settings
        self._keys = keys
        self._created_limiter: RateLimiter | None = None
        if settings.rate_limit or settings.compute_limit:
            _ = self._limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            if self._created_limiter is not None:
                await self._created_limiter.close()
            return
        # no route takes OPTIONS, and browsers send no key with a preflight
        if scope["type"] not in ("http", "websocket") or scope.get("method") == "OPTIONS":
            await self._app(scope, receive, send)
            return
        required = required_scopes(scope["path"])
        if not required:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key, refusal, challenge = self._authenticate(scope, headers)
        issue_token.set(partial(self._tokens.issue, None if key is None else key.name))
        if key is not None:
            set_key_name(scope, key.name)
        if key is not None and refusal is None and not required <= {*key.scopes}:
            missing = " ".join(sorted(required - {*key.scopes}))
            refusal = InsufficientScope(
                f"This API key does not permit this route: use a key with the scope {missing}.",
                scope=missing,
            )
            challenge = f'{_REALM}, error="insufficient_scope", scope="{missing}"'
        caller = self._caller(scope, headers, key)
        set_caller(caller.id)
        if caller.rate_limit is None and caller.compute_limit is None:
            if refusal is None:
                await self._app(scope, receive, send)
            else:
                await _refuse(refusal, challenge, {}, scope, receive, send)
            return
        admission = await self._limiter.admit(caller)
        if admission.refusal is not None:
            refusal, challenge = admission.refusal, ""
        if refusal is not None:
            await _refuse(refusal, challenge, admission.headers, scope, receive, send)
            return
        await self._serve(caller, admission.headers, scope, receive, send)

    @property
    def _limiter(self) -> RateLimiter:
        """Counts the callers; it is created for the first limit, because its imports take 30 ms."""
        if self._created_limiter is None:
            from samo.access.rate_limits import RateLimiter

            url = self._settings.redis_url
            self._created_limiter = RateLimiter(None if url is None else url.get_secret_value())
        return self._created_limiter

    def _authenticate(
        self, scope: Scope, headers: Headers
    ) -> tuple[ApiKey | None, SamoError | None, str]:
        """The key of a request, or why it is refused, with the value of WWW-Authenticate."""
        presented = _presented_key(scope, headers)
        if presented is not None and presented.startswith(TOKEN_PREFIX):
            return self._authenticate_token(scope, presented)
        if self._keys is None:
            return None, None, ""
        if presented is None:
            error = InvalidApiKey(
                "An API key is needed: send it as Authorization: Bearer or as X-API-Key."
            )
            return None, error, _REALM
        key = self._keys.find(presented)
        challenge = f'{_REALM}, error="invalid_token"'
        if key is None:
            return None, InvalidApiKey("The API key is not valid: check or replace it."), challenge
        note_key(key.name)
        if key.expired:
            return None, InvalidApiKey("The API key has expired: ask for a new one."), challenge
        return key, None, ""

    def _authenticate_token(
        self, scope: Scope, presented: str
    ) -> tuple[ApiKey | None, SamoError | None, str]:
        """As `_authenticate`, for a short-lived token."""
        challenge, refused = f'{_REALM}, error="invalid_token"', None
        token = self._tokens.verify(presented)
        key = None
        if token is not None and self._keys is not None:
            key = next((one for one in self._keys.keys if one.name == token.key_name), None)
        if key is not None:
            note_key(key.name)
        if token is None or (self._keys is not None and (key is None or key.expired)):
            refused = InvalidApiKey("The token is not valid any more: ask for a new one.")
        elif scope["type"] != "websocket":
            refused = InvalidApiKey("A token opens live sessions only: use an API key.")
        if token is None or refused is not None:
            return None, refused, challenge
        scope[TOKEN_SESSION] = token.session
        return key, None, ""

    def _caller(self, scope: Scope, headers: Headers, key: ApiKey | None) -> Caller:
        """Who is counted: the key; without a valid one the address."""
        settings = self._settings
        if key is None:
            address = client_address(scope, headers, settings.trusted_hops)
            return Caller(f"address:{address}", settings.rate_limit, settings.compute_limit)
        return Caller(
            f"key:{key.name}",
            key.rate_limit or settings.rate_limit,
            key.compute_limit or settings.compute_limit,
        )

    async def _serve(
        self,
        caller: Caller,
        headers: dict[str, str],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Serve an admitted request, and count its computing."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"]).update(headers)
            await send(message)

        if caller.compute_limit is None:
            await self._app(scope, receive, send_with_headers)
            return
        meter = _RequestMeter(self._limiter, caller)
        if scope["type"] == "websocket":
            meter.close()  # a session is long, so that its computing is charged as it happens
            scope[CHECK_COMPUTING] = partial(self._limiter.check_computing, caller)
        try:
            with metered(meter):
                await self._app(scope, receive, send_with_headers)
        finally:
            meter.close()


class _RequestMeter:
    """Adds up the computing of a request and charges it at the end.

    What an abandoned batch reports after the end is charged at once, so that a client that
    disconnects early does not compute for free.
    """

    def __init__(self, limiter: RateLimiter, caller: Caller) -> None:
        self._limiter = limiter
        self._caller = caller
        self._seconds = 0.0
        self._is_closed = False

    def __call__(self, seconds: float) -> None:
        """Count computing."""
        self._seconds += seconds
        if self._is_closed:
            self._charge()

    def close(self) -> None:
        """The request has ended."""
        self._is_closed = True
        self._charge()

    def _charge(self) -> None:
        """Charge in a task of its own: the request may be cancelled, and Redis takes time."""
        seconds, self._seconds = self._seconds, 0.0
        if seconds > 0:
            task = asyncio.create_task(self._limiter.charge(self._caller, seconds))
            _charges.add(task)
            task.add_done_callback(_charges.discard)


_charges: Final[set[asyncio.Task[None]]] = set()
"""Charges in progress; asyncio holds tasks weakly."""


def _presented_key(scope: Scope, headers: Headers) -> str | None:
    """The key of a request. X-API-Key goes first: `Authorization` may be a gateway's own."""
    if key := headers.get("x-api-key", "").strip():
        return key
    for name in scope.get("subprotocols", ()):
        if name.startswith(_SUBPROTOCOL):
            return str(name.removeprefix(_SUBPROTOCOL)) or None
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _refuse(
    error: SamoError,
    challenge: str,
    headers: dict[str, str],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    response = error_response(error)
    response.headers.update(headers)
    if challenge:
        response.headers["www-authenticate"] = challenge
    await response(scope, receive, send)
