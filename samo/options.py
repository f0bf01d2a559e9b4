"""Parse the values of options that clients send in JSON or forms, and some values of settings.

A blank value or null means that the option is left out, choices are case-insensitive, and a number
may be in quotes. A value with any other meaning is returned as it is, and validation refuses it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pydantic_core

from runners.text.blank import is_blank as text_is_blank

# How clients write "no value" in a form, which has no null.
_BLANK_VALUES: Final = frozenset(("", "null", "none", "undefined"))
_BRACKETS: Final = re.compile(r"(\[[^\[\]]*\])+$")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MAX_NUMBER_CHARACTERS: Final = 32


def is_blank(value: Any) -> bool:
    """Whether a JSON value is null or a string without a visible character."""
    return value is None or (isinstance(value, str) and text_is_blank(value))


def is_blank_form_value(value: str) -> bool:
    """Whether a form value is blank or spells out null."""
    return text_is_blank(value) or value.strip().lower() in _BLANK_VALUES


def field_name(name: str) -> str:
    """The name of a form field without brackets, as in "include[0]" or "a[b]"."""
    return _BRACKETS.sub("", name.strip(" '\"").lower())


def normalize_choice(value: Any) -> Any:
    """One of several names, case-insensitive."""
    return value.strip().lower() if isinstance(value, str) else value


def parse_number(value: Any) -> Any:
    """A number, also in quotes: "0.5"."""
    if (
        isinstance(value, str)
        and len(value) <= _MAX_NUMBER_CHARACTERS
        and _NUMBER.fullmatch(value.strip())
    ):
        return float(value)
    return value


def parse_integer(value: Any) -> Any:
    """An integer, also in quotes or with a decimal point: "3", 3.0."""
    value = parse_number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parse_list(values: list[str]) -> list[str]:
    """The distinct names in a form's list.

    A list may be sent as repeated fields, separated by commas or spaces, or as a list in JSON or
    Python syntax.
    """
    names: list[str] = []
    for value in values:
        bare = value.strip().removeprefix("[").removesuffix("]")
        names += [name.strip("\"'").lower() for name in re.split(r"[,\s]+", bare)]
    return [name for name in dict.fromkeys(names) if name not in _BLANK_VALUES]


def parse_origins(value: Any) -> Any:
    """Browser origins from the environment, separated by commas or spaces, or as a JSON list."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    origins: list[Any] = text.replace(",", " ").split()
    if text.startswith("["):
        origins = pydantic_core.from_json(text)
    return [_origin(str(origin)) for origin in origins]


def _origin(value: str) -> str:
    """An origin as browsers send it: lower case, without the default port and without a path."""
    origin = value.strip().rstrip("/").lower()
    origin = re.sub(r"^(http://.+):80$|^(https://.+):443$", r"\1\2", origin)
    if origin not in ("*", "null") and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s*]+", origin):
        raise ValueError(
            "An origin is a scheme and a host, such as https://journal.example, without a path; "
            "the only pattern is * for all origins"
        )
    return origin


def parse_hosts(value: Any) -> Any:
    """Host names from the environment, separated by commas or spaces, without ports."""
    if not isinstance(value, str):
        return value
    hosts = [host.lower() for host in value.replace(",", " ").split()]
    for host in hosts:
        if host != "*" and not re.fullmatch(r"(\*\.)?[a-z0-9._-]+|\[[0-9a-f:.]+\]", host):
            raise ValueError(
                "A host is a name or an address without scheme and port, such as api.example or "
                "[::1]; *.api.example stands for its subdomains and * for all hosts"
            )
    return hosts
