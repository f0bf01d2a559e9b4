"""API keys: create one, read a file of them, find the one that a request presents."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from samo.settings import RateLimit

Scope = Literal["text", "speech", "live", "jobs", "feedback", "monitoring"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

# So that people and secret scanners recognize a key.
PREFIX: Final = "samo_"
_RANDOM_BYTES: Final = 32


class InvalidKeyFileError(Exception):
    """A file of API keys has another form; the message says where, without the value."""


class ApiKey(BaseModel):
    """What is stored about a key. The key itself is not: its hash suffices to recognize it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: tuple[Scope, ...] = Field(min_length=1)
    created: AwareDatetime
    expires: AwareDatetime | None = None
    rate_limit: RateLimit | None = None
    """Replaces `SAMO_RATE_LIMIT` for this key; `compute_limit` likewise."""
    compute_limit: RateLimit | None = None

    @property
    def expired(self) -> bool:
        """Whether the key has expired."""
        return self.expires is not None and self.expires <= datetime.now(UTC)


class KeyFile(BaseModel):
    """The content of a file of API keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: tuple[ApiKey, ...] = ()

    @field_validator("keys")
    @classmethod
    def _names_are_unique(cls, keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        if len({key.name for key in keys}) < len(keys):
            raise ValueError("Two keys have the same name")
        return keys

    @classmethod
    def parse(cls, content: str | bytes) -> KeyFile:
        """Parse the JSON of a file.

        Raises:
            InvalidKeyFileError: It has another form.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, problem["loc"]))
            raise InvalidKeyFileError(f"{place}: {problem['msg']}".removeprefix(": ")) from None

    def to_json(self) -> str:
        """The JSON of the file."""
        return self.model_dump_json(indent=2, exclude_none=True) + "\n"


def new_key(name: str, scopes: Iterable[Scope], **options: Any) -> tuple[str, ApiKey]:
    """Create a key of 256 random bits; return it and what to store about it.

    Args:
        name: identifies the key in lists.
        scopes: what the key permits.
        options: further fields of `ApiKey`, such as `expires`.

    Raises:
        ValidationError: A value is invalid.
    """
    key = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    created = datetime.now(UTC).replace(microsecond=0)
    stored = {"name": name, "scopes": tuple(scopes), "created": created, **options}
    return key, ApiKey(sha256=hash_key(key), **stored)


def hash_key(key: str) -> str:
    """The hash by which a key is stored. A random key needs no salt and no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def find(keys: Iterable[ApiKey], presented: str) -> ApiKey | None:
    """The stored key that was presented; compares with all of them, in constant time."""
    digest = hash_key(presented)
    found = None
    for key in keys:
        if hmac.compare_digest(key.sha256, digest):
            found = key
    return found
