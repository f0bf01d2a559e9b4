"""Clients that send requests, and count how each of them ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from loadtests.chaos.requests import Request, WrongResponse
from loadtests.chaos.supervisor import Supervisor
from loadtests.chaos.tally import RESEND_SECONDS, Tally

# Longer than the deadline of the server, which therefore answers first.
_TIMEOUT_SECONDS: Final = 120.0
_RESEND_PAUSE_SECONDS: Final = 0.3


@dataclass
class ModelFault:
    """A model that is told to fail or to be slow, from `start` to `end` (`time.monotonic`)."""

    model: str
    start: float
    end: float | None = None


@dataclass
class Clients:
    """Sends requests to a supervised server."""

    supervisor: Supervisor
    tally: Tally
    model_faults: list[ModelFault] = field(default_factory=list)

    def open(self) -> httpx.AsyncClient:
        """A client of the server."""
        return httpx.AsyncClient(
            base_url=self.supervisor.url,
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        )

    async def repeat(self, requests: Sequence[Request], pause_seconds: float) -> None:
        """Send these requests in turn until cancelled; a request that was sent is finished."""
        async with self.open() as client:
            while True:
                for request in requests:
                    sending = asyncio.create_task(self.send(client, request))
                    try:
                        await asyncio.shield(sending)
                    except asyncio.CancelledError:
                        await sending
                        raise
                    await asyncio.sleep(pause_seconds)

    async def send(self, client: httpx.AsyncClient, request: Request) -> None:
        """Send a request, again if the server was killed meanwhile, and count how it ends."""
        give_up = time.monotonic() + RESEND_SECONDS
        while True:
            start = time.monotonic()
            try:
                response = await client.post(request.path, **request.content)
            except httpx.TransportError as error:
                # what is cut is only excused by a kill, what cannot connect by any outage
                cut = not isinstance(error, httpx.ConnectError)
                if not self.supervisor.was_down(start, killed=cut) or start > give_up:
                    self.tally.add("lost", f"{request.path}: {type(error).__name__}")
                    return
                self.tally.resent += 1
                await asyncio.sleep(_RESEND_PAUSE_SECONDS)
                continue
            self._count(request, response, start)
            return

    def _count(self, request: Request, response: httpx.Response, start: float) -> None:
        if response.status_code in (429, 503) and "retry-after" in response.headers:
            self.tally.add("refused")
        elif response.status_code in (500, 504) and self._is_excused(request, start):
            self.tally.add("failed")
        elif response.status_code == 200:
            try:
                self.tally.add("degraded" if request.degraded(response) else "answered")
            except WrongResponse as wrong:
                self.tally.add("wrong", str(wrong))
        else:
            self.tally.add("wrong", f"{request.path}: {response.status_code} {response.text[:80]}")

    def _is_excused(self, request: Request, since: float) -> bool:
        """Whether a model that the route needs was told to fail or to be slow since then."""
        return any(
            fault.model in request.models and (fault.end is None or fault.end >= since)
            for fault in self.model_faults
        )

    async def leave(self, request: Request, after_seconds: float, share_sent: float) -> None:
        """Send a share of a request, and break the connection off."""
        url = httpx.URL(self.supervisor.url)
        head, body = _raw(request, str(url.netloc, "ascii"))
        try:
            _, writer = await asyncio.open_connection(url.host, url.port)
        except OSError:  # the server is being restarted
            return
        raw = head + body[: int(len(body) * share_sent)]
        writer.write(raw)
        await asyncio.sleep(after_seconds)
        # a reset instead of an orderly end
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        self.tally.left += 1


def _raw(request: Request, host: str) -> tuple[bytes, bytes]:
    built = httpx.Request("POST", f"http://{host}{request.path}", **request.content)
    body = built.read()
    lines = [f"POST {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in built.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), body
