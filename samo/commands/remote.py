"""Analyse entries by a service, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import httpx

from samo.commands.errors import REFUSED, UNAVAILABLE, USAGE, CommandError
from samo.commands.options import AnalysisOptions

# Longer than SAMO_DEADLINE_SECONDS, after which the service answers with 504.
TIMEOUT_SECONDS: Final = 300.0
CONNECT_SECONDS: Final = 10.0
# A request that is refused because the service is busy is sent again.
MAX_ATTEMPTS: Final = 4
MAX_WAIT_SECONDS: Final = 60.0
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
# The entry itself is not to blame: no key, a wrong address, too many requests.
_NOT_THE_ENTRY: Final = frozenset({401, 403, 404, 405, 421, 429})


class RemoteEngine:
    """A service."""

    texts_in_flight = 4
    recordings_in_flight = 2

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str, api_key: str | None) -> AsyncIterator[RemoteEngine]:
        """Open the connections; raises a `CommandError` if the URL cannot be used."""
        address = checked_url(url)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
        async with httpx.AsyncClient(
            base_url=address, headers=headers, timeout=timeout, follow_redirects=False
        ) as client:
            yield cls(client)

    async def analyze_text(self, text: str, options: AnalysisOptions) -> dict[str, Any]:
        """The response of `POST /analyze/journal`."""
        body = {
            "text": text,
            "generate_summary": options.summary,
            "emotion_threshold": options.threshold,
        }
        return await self._send("POST", "analyze/journal", json=body)

    async def analyze_recording(self, data: bytes, options: AnalysisOptions) -> dict[str, Any]:
        """The response of `POST /analyze/voice-journal`."""
        fields = {
            "generate_summary": str(options.summary).lower(),
            "emotion_threshold": "" if options.threshold is None else str(options.threshold),
            "language": options.language or "",
        }
        return await self._send(
            "POST", "analyze/voice-journal", data=fields, files={"audio_file": data}
        )

    async def models(self) -> dict[str, Any]:
        """The response of `GET /models/status`."""
        return await self._send("GET", "models/status")

    async def _send(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        for attempt in range(MAX_ATTEMPTS):
            try:
                response = await self._client.request(method, path, **body)
            except httpx.TransportError as error:
                raise CommandError(
                    f"{self._client.base_url} cannot be reached ({type(error).__name__}): is the "
                    "service running there?",
                    UNAVAILABLE,
                ) from None
            if response.status_code not in _BUSY or attempt + 1 == MAX_ATTEMPTS:
                break
            await asyncio.sleep(_wait_seconds(response, attempt))
        return _body_of(response)


def checked_url(url: str) -> str:
    """The URL with a slash at its end. Raises a `CommandError` if it is no HTTP address."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise CommandError("--url, or SAMO_URL, must look like http://localhost:3000.", USAGE)
    return f"{url.rstrip('/')}/"


def _wait_seconds(response: httpx.Response, attempt: int) -> float:
    try:
        wait = float(response.headers.get("retry-after", ""))
    except ValueError:
        wait = 2.0**attempt
    return min(max(wait, 0.0), MAX_WAIT_SECONDS)


def _body_of(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.is_success and isinstance(body, dict):
        return body
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or "message" not in error:
        raise CommandError(
            f"{response.url.host} answered with status {response.status_code} and not as SAMO "
            "does: check --url.",
            UNAVAILABLE,
        )
    status = response.status_code
    refused = 400 <= status < 500 and status not in _NOT_THE_ENTRY
    raise CommandError(
        f"{error['message']} (request {error.get('request_id')})",
        REFUSED if refused else UNAVAILABLE,
    )
