"""Measure what API keys, rate limits and the checks of Host and Origin add to a request.

    python -m loadtests.access_cost --redis redis://127.0.0.1:6379

The application is called in this process, with fake runners: no socket and no model hides the
difference. Each variant adds to the one before it. The variants take turns, and the median of the
turns counts.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson
import uvloop
from rich.console import Console
from rich.table import Table
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message

from loadtests.machine import describe_machine
from samo.access.keys import SCOPES, KeyFile, new_key
from samo.access.middleware import AccessMiddleware
from samo.api.app import create_app, middleware_stack, set_models
from samo.factory import create_models
from samo.http.origins import OriginMiddleware
from samo.http.security_headers import SecurityHeadersMiddleware
from samo.model_store import StoredModel
from samo.settings import Settings

_BODY = orjson.dumps({"text": "I am so happy that you are here!"})
# High enough that nothing is refused; a window holds as many entries as requests are sent.
_LIMITS: Final[dict[str, Any]] = {"rate_limit": "1000000/hour", "compute_limit": "1000000/hour"}
_KEYS = 100
_ADDED: Final[tuple[Any, ...]] = (AccessMiddleware, OriginMiddleware, SecurityHeadersMiddleware)


class Variant(NamedTuple):
    """A way to configure the service."""

    name: str
    app: ASGIApp
    headers: list[tuple[bytes, bytes]]


def _no_stored_model(name: str) -> StoredModel:
    raise LookupError(name)


def create_asgi(
    settings: Settings, keep: Callable[[Middleware], bool] = lambda layer: True
) -> ASGIApp:
    """The application with its middleware, and with fake models.

    Args:
        settings: The settings; they select the fake runners.
        keep: Selects the layers of middleware.
    """
    app = create_app(settings)
    models = create_models(settings, _no_stored_model)
    models.warm_up()
    set_models(app, models)
    asgi: ASGIApp = app
    for layer in reversed(middleware_stack(app)):
        if keep(layer):
            factory: Any = layer.cls
            asgi = factory(asgi, **layer.kwargs)
    return asgi


def variants(redis_url: str | None) -> list[Variant]:
    """The variants; each adds to the one before."""
    made = [new_key(f"key-{number}", SCOPES) for number in range(_KEYS)]
    stored = KeyFile(keys=tuple(entry for _, entry in made)).to_json()
    fake: dict[str, Any] = {"runners": "fake", "allow_anonymous": True}
    guarded: dict[str, Any] = {"runners": "fake", "api_keys": stored}
    plain = [(b"host", b"127.0.0.1:3000"), (b"content-type", b"application/json")]
    with_key = [*plain, (b"authorization", f"Bearer {made[-1][0]}".encode())]
    found = [
        Variant(
            "without these layers",
            create_asgi(Settings(**fake), lambda layer: layer.cls not in _ADDED),
            plain,
        ),
        Variant("no keys, no limits (default)", create_asgi(Settings(**fake)), plain),
        Variant(f"{_KEYS} keys", create_asgi(Settings(**guarded)), with_key),
        Variant(
            f"{_KEYS} keys, limits in memory", create_asgi(Settings(**guarded, **_LIMITS)), with_key
        ),
    ]
    if redis_url is not None:
        settings = Settings(**guarded, **_LIMITS, redis_url=redis_url)
        found.append(Variant(f"{_KEYS} keys, limits in Redis", create_asgi(settings), with_key))
    return found


async def _request(variant: Variant) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/predict",
        "raw_path": b"/predict",
        "query_string": b"",
        "headers": [*variant.headers, (b"content-length", str(len(_BODY)).encode())],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 3000),
    }
    bodies = [{"type": "http.request", "body": _BODY, "more_body": False}]
    status = 0

    async def receive() -> Message:
        if bodies:
            return bodies.pop()
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await variant.app(scope, receive, send)
    if status != 200:
        raise RuntimeError(f"{variant.name}: {status}")


async def measure(found: list[Variant], turns: int, requests: int) -> dict[str, list[float]]:
    """Milliseconds per request of each turn, by variant."""
    seconds: dict[str, list[float]] = {variant.name: [] for variant in found}
    for turn in range(turns + 1):
        for variant in found:
            times = []
            for _ in range(requests):
                start = time.perf_counter()
                await _request(variant)
                times.append(time.perf_counter() - start)
            if turn:  # the first warms up
                seconds[variant.name].append(statistics.median(times) * 1000)
    return seconds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=15, help="turns of each variant (15)")
    parser.add_argument("--requests", type=int, default=200, help="requests per turn (200)")
    parser.add_argument("--redis", metavar="URL", help="measure with this Redis too")
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # the line per request costs the same in all variants
    found = variants(args.redis)
    times = uvloop.run(measure(found, args.turns, args.requests))
    table = Table(title=f"POST /predict with fake runners, one at a time; {describe_machine()}")
    for column in ("variant", "ms per request", "added, ms"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    first = statistics.median(times[found[0].name])
    for variant in found:
        median = statistics.median(times[variant.name])
        table.add_row(variant.name, f"{median:.3f}", f"{median - first:+.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
