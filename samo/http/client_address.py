"""The address of the client, also behind proxies."""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

# One customer of a provider usually has a whole IPv6 network of this size.
_IPV6_PREFIX_BITS: Final = 64


def client_address(scope: Scope, headers: Headers, trusted_hops: int) -> str:
    """The address by which a client without a key is counted.

    Each proxy appends the address that it saw to X-Forwarded-For, and everything further to the
    left is what the client claims. So with n trusted proxies the n-th entry from the right counts.
    If the header has fewer entries or that entry is no address, the connection's own counts.
    """
    peer = scope.get("client")
    address = peer[0] if peer else ""
    if trusted_hops:
        hops = ",".join(headers.getlist("x-forwarded-for")).split(",")
        if len(hops) >= trusted_hops:
            address = _without_port(hops[-trusted_hops].strip()) or address
    return _network(address)


def _without_port(text: str) -> str:
    """The address in `text`, which may have a port as in "1.2.3.4:5" or "[::1]:5"; "" if none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _network(text: str) -> str:
    """An IPv4 address, or the network of an IPv6 address; other text as it is."""
    if ":" not in text:
        return text
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return text
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, _IPV6_PREFIX_BITS), strict=False))
