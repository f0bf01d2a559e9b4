"""Tell a URL that a job has ended, without becoming a way into the network of the service.

The URL comes from a caller, so it could name a machine that only the service reaches. The host is
resolved once, all its addresses must be public, and the connection goes to an address that was
checked. Redirects are not followed. The message is signed as the Standard Webhooks are, which
libraries of many languages verify: https://www.standardwebhooks.com. It contains no text.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

import orjson

from runners.errors import InvalidRequest
from samo.jobs.job import Job

_log = logging.getLogger("bentoml.samo.jobs")

MAX_URL_CHARACTERS: Final = 2_000
RETRY_SECONDS: Final = (2.0, 10.0, 60.0, 300.0)
"""Waits before the second and the further attempts."""
_TIMEOUT_SECONDS: Final = 10.0
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # of Standard Webhooks
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Callback:
    """A URL that was checked."""

    url: SplitResult
    may_be_private: bool

    @property
    def host(self) -> str:
        """The host name."""
        return self.url.hostname or ""

    @property
    def port(self) -> int:
        """The port."""
        return self.url.port or (443 if self.url.scheme == "https" else 80)


class _RefusedAddress(OSError):
    """The host has an address that is not public."""


def parse_callback(url: str, private_hosts: Collection[str]) -> Callback:
    """Check the form of a URL; raises `InvalidRequest`.

    Args:
        url: what the caller sent.
        private_hosts: names that may have private addresses, and be called without TLS.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise _refusal(f"It has more than {MAX_URL_CHARACTERS} characters; send a shorter one")
    if not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        raise _refusal("Send a URL in ASCII, with other characters percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refusal("It is not a URL; send one such as https://app.example/done") from None
    host = (parts.hostname or "").rstrip(".")
    if not host or parts.scheme not in ("http", "https") or port == 0:
        raise _refusal("Send an absolute URL such as https://app.example/done")
    if parts.username is not None or parts.fragment:
        raise _refusal("Send it without a user name and without a fragment")
    may_be_private = host in private_hosts
    if parts.scheme != "https" and not may_be_private:
        raise _refusal("It must begin with https://")
    return Callback(parts, may_be_private)


async def check_address(callback: Callback) -> None:
    """Raise `InvalidRequest` if the host has no address, or one that is not public."""
    try:
        await asyncio.to_thread(_resolve, callback)
    except _RefusedAddress:
        raise _refusal(
            "Its host has an address that is not public, which the service does not call"
        ) from None
    except OSError:
        raise _refusal("Its host has no address; check the name") from None


def message(job: Job) -> bytes:
    """The message about a job that has ended, in the form of Standard Webhooks."""
    timestamp = datetime.fromtimestamp(job.finished or time.time(), UTC)
    return orjson.dumps(
        {
            "type": f"job.{job.state}",
            "timestamp": timestamp.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "data": {"id": job.id, "kind": job.kind, "state": job.state, "error": job.error},
        }
    )


async def deliver(callback: Callback, message_id: str, body: bytes, secret: str) -> bool:
    """Post `body`, and try again if the host does not answer with 2xx; return whether it did."""
    for wait in (*RETRY_SECONDS, None):
        try:
            status = await asyncio.to_thread(_post, callback, message_id, body, secret)
        except _RefusedAddress:
            _log.error("a callback was not sent: its host has an address that is not public now")
            return False
        except (OSError, http.client.HTTPException, ValueError) as error:
            _log.warning("a callback failed: %s", type(error).__name__)
        else:
            if 200 <= status < 300:
                return True
            _log.warning("a callback was answered with status %d", status)
        if wait is not None:
            await asyncio.sleep(wait)
    return False


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`. A secret `whsec_…` is base64, as Standard Webhooks says."""
    key = secret.encode()
    if secret.startswith(_SECRET_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            key = secret.encode()
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def _resolve(callback: Callback) -> str:
    """An address of the host. Raises `OSError`; `_RefusedAddress` if any of them is not public."""
    found = socket.getaddrinfo(callback.host, callback.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise OSError("no address")
    if not callback.may_be_private and not all(map(is_public, addresses)):
        raise _RefusedAddress
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an address is reachable in the internet, also one that embeds an IPv4 address."""
    address: IpAddress = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if address.teredo is not None:
            return False
        if embedded is not None:
            address = embedded
    return address.is_global and not address.is_multicast


def _post(callback: Callback, message_id: str, body: bytes, secret: str) -> int:
    """One attempt; the status of the response, whose body is not read."""
    address = _resolve(callback)
    timestamp = int(time.time())
    connection = _connect(callback, address)
    try:
        connection.request(
            "POST",
            callback.url._replace(scheme="", netloc="").geturl() or "/",
            body,
            {
                "content-type": "application/json",
                "user-agent": "samo",
                "webhook-id": message_id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signature(secret, message_id, timestamp, body),
            },
        )
        return connection.getresponse().status
    finally:
        connection.close()


def _connect(callback: Callback, address: str) -> http.client.HTTPConnection:
    """A connection to `address`, on which the host is called by its name."""
    connection = http.client.HTTPConnection(callback.host, callback.port, timeout=_TIMEOUT_SECONDS)
    sock = socket.create_connection((address, callback.port), _TIMEOUT_SECONDS)
    if callback.url.scheme == "https":
        try:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=callback.host)
        except BaseException:
            sock.close()
            raise
        connection.default_port = http.client.HTTPS_PORT
    connection.sock = sock
    return connection


def _refusal(message: str) -> InvalidRequest:
    field = "callback_url"
    return InvalidRequest(f"{field}: {message}.", errors=[{"field": field, "message": message}])
