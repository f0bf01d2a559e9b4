"""ASGI middleware: which names the service answers to, and which web pages may use it.

A web page can send a form to any address that its reader can reach, also to a service on the
reader's own machine, and a browser asks nobody before. It cannot read the response, but the service
would compute. And a page whose name is made to resolve to this machine (DNS rebinding) could read
it too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from runners.errors import OriginNotAllowed, SamoError, UnknownHost
from samo.http.envelope import error_response

# Probes name the address of a pod, and other pages learn nothing from them.
_PROBES: Final = frozenset(("/livez", "/readyz", "/healthz"))
_SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))


class OriginMiddleware:
    """Checks the headers Host and Origin.

    Args:
        app: The routes.
        allowed_hosts: Host names without ports; "*" allows all. If empty, see `guard_loopback`.
        allowed_origins: Other origins whose pages may call; "*" allows all.
        guard_loopback: Without `allowed_hosts`: whether a connection to this machine's loopback
            address must name this machine.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_hosts: Sequence[str],
        allowed_origins: Sequence[str],
        *,
        guard_loopback: bool,
    ) -> None:
        self._app = app
        self._hosts = frozenset(allowed_hosts)
        self._origins = frozenset(allowed_origins)
        self._guard_loopback = guard_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            error = self._check_host(scope, headers) or self._check_origin(scope, headers)
            if error is not None:
                await error_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check_host(self, scope: Scope, headers: Headers) -> SamoError | None:
        if "*" in self._hosts or scope["path"] in _PROBES:
            return None
        if not self._hosts and not (self._guard_loopback and _is_on_loopback(scope)):
            return None
        host = _without_port(headers.get("host", "").lower())
        if self._hosts:
            _, _, domain = host.partition(".")
            known = host in self._hosts or f"*.{domain}" in self._hosts
        else:
            known = _is_this_machine(host)
        if known:
            return None
        return UnknownHost(
            "The service is not called by this name: use a name of SAMO_ALLOWED_HOSTS; without "
            "that setting and without API keys, localhost."
        )

    def _check_origin(self, scope: Scope, headers: Headers) -> SamoError | None:
        if scope.get("method") in _SAFE_METHODS or "*" in self._origins:
            return None
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site")  # browsers send it, and pages cannot change it
        if site in ("same-origin", "none") or (origin is None and site is None):
            return None  # no browser, or our own page
        if origin is not None:
            origin = origin.lower()
            if origin in self._origins:
                return None
            # a browser that sends no Sec-Fetch-Site, as on plain http
            if site is None and origin.partition("://")[2] == headers.get("host", "").lower():
                return None
        return OriginNotAllowed(
            "Web pages of other origins may not use the service: add the page's origin to "
            "SAMO_CORS_ORIGINS."
        )


def _is_on_loopback(scope: Scope) -> bool:
    """Whether the connection was made to this machine's loopback address."""
    server = scope.get("server")
    return server is not None and _is_loopback(str(server[0]))


def _is_this_machine(host: str) -> bool:
    name = host.removesuffix(".")
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(host.strip("[]"))


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
