"""Sends requests, again if the service is busy. scripts/clients makes `_connection.py` of it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self, TypeVar

import httpx

from samo_client._calls import Call
from samo_client._transport import DEFAULT_TIMEOUT, Configuration, read, transport_error
from samo_client._uploads import open_upload
from samo_client.errors import SamoError

T = TypeVar("T")


class AsyncConnection:
    """Configuration and HTTP connections of a client for asyncio."""

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = 2,
        max_retry_wait: float = 60.0,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        self._configuration = Configuration.of(url, api_key, timeout, max_retries, max_retry_wait)
        self._http = http_client or httpx.AsyncClient()
        self._owns_http = http_client is None

    async def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            try:
                return read(call, await self._request(call), self._configuration)
            except SamoError as error:
                wait = self._configuration.retry_wait(error, attempt, repeatable=call.repeatable)
                if wait is None:
                    raise
            await asyncio.sleep(wait)
            attempt += 1

    async def _request(self, call: Call[T]) -> httpx.Response:
        configuration = self._configuration
        url = f"{configuration.url}{call.path}"
        headers, timeout = configuration.headers, configuration.timeout
        try:
            if call.recording is None:
                return await self._http.request(
                    call.method, url, json=call.json(), headers=headers, timeout=timeout
                )
            with open_upload(call.recording, call.on_progress) as file:
                return await self._http.request(
                    call.method,
                    url,
                    data=call.form(),
                    files={"audio_file": file},
                    headers=headers,
                    timeout=timeout,
                )
        except httpx.RequestError as error:
            raise transport_error(error, configuration) from error
