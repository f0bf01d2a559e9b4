"""The settings that decide who may call and how much; `samo.settings.Settings` inherits them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

from samo import options


def _refuse_empty(value: Any) -> Any:
    """An empty value, as of a secret that was not filled in, must not switch the keys off."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("It is empty")
    return value


def _check_rate_limit(value: str) -> str:
    """A rate limit in the notation of the library `limits`."""
    from limits import parse_many  # takes a tenth of a second, and most services have no limits

    try:
        items = parse_many(value)
    except ValueError:
        items = []
    if not items or any(item.amount < 1 for item in items):
        raise ValueError("A limit is a number for a period, such as 60/minute or 10/second")
    return value


def _check_redis_url(value: SecretStr | None) -> SecretStr | None:
    """The URL of a Redis."""
    if value is not None:
        url = value.get_secret_value()
        try:
            parts = urlsplit(url)
            is_address = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:  # such as a port that is no number
            is_address = False
        if not is_address or not re.fullmatch("rediss?", parts.scheme):
            raise ValueError("The address of a Redis is redis://host:6379 or rediss://host:6379")
        if not re.fullmatch("(/[0-9]*/?)?", parts.path):  # the client would use database 0
            raise ValueError("The path of the URL is the number of a database, as in /0")
        if parts.query or parts.scheme == "rediss":
            _check_redis_options(url)
    return value


def _check_redis_options(url: str) -> None:
    """The options of the URL, which the client reads when it connects."""
    from redis.asyncio.connection import ConnectionPool, SSLConnection  # takes half a second
    from redis.exceptions import RedisError

    try:
        pool: Any = ConnectionPool.from_url(url)  # its methods have no types
        connection = pool.make_connection()
        if isinstance(connection, SSLConnection):
            connection.ssl_context.get()
    except (TypeError, ValueError, RedisError):
        raise ValueError("An option of the URL is not known or has a wrong value") from None
    except OSError:
        raise ValueError("A file that the URL names cannot be read") from None


RateLimit = Annotated[str, AfterValidator(_check_rate_limit)]


class AccessSettings(BaseSettings):
    """API keys, rate limits, and the headers that the service trusts."""

    api_keys_file: Annotated[Path | None, BeforeValidator(_refuse_empty)] = Field(
        default=None,
        description="File of the API keys, which `samo keys` writes. With it every request needs a "
        "key; changes are read without a restart.",
    )
    api_keys: Annotated[SecretStr | None, BeforeValidator(_refuse_empty)] = Field(
        default=None,
        description="The content of such a file, for platforms that pass secrets as variables.",
    )
    allow_anonymous: bool | None = Field(
        default=None,
        description="Without keys: 'true' serves everybody, 'false' refuses to start. Unset, the "
        "service serves everybody and says so in the log.",
    )
    rate_limit: RateLimit | None = Field(
        default=None,
        description="Requests of each key, or of each address without a key: '60/minute', or "
        "several limits: '10/second;1000/hour'.",
    )
    compute_limit: RateLimit | None = Field(
        default=None,
        description="Seconds of computing of each key, or of each address without a key: "
        "'30/minute'.",
    )
    redis_url: Annotated[SecretStr | None, AfterValidator(_check_redis_url)] = Field(
        default=None,
        description="Redis that counts for several instances together: 'redis://host:6379/0'. "
        "While it cannot be reached, each instance counts for itself.",
    )
    trusted_hops: int = Field(
        default=0,
        ge=0,
        le=16,
        description="Number of proxies in front that append to X-Forwarded-For. The client's "
        "address is the one that the outermost of them saw; with 0 the header is ignored.",
    )
    allowed_hosts: Annotated[list[str], NoDecode, BeforeValidator(options.parse_hosts)] = Field(
        default_factory=list,
        description="Host names that requests may name, separated by commas; '*' for all. Unset: "
        "all; but on this machine's loopback address only its names, unless there are keys or "
        "allow_anonymous is set.",
    )
