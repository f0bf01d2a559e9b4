"""What is meant by the values that clients send, in JSON and in forms, and by lists of origins.

Blank and null mean left out, names are read without regard to case, and a number is one in quotes
too. Where the meaning is not plain the value stays as it is, for the validation to refuse.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pydantic_core

# How clients write "no value" into a form, where there is no null.
_NOTHING: Final = frozenset(("", "null", "none", "undefined"))
_BRACKETS: Final = re.compile(r"(\[[^\[\]]*\])+$")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def is_left_out(value: Any) -> bool:
    """Whether a value says nothing: null, or a blank text."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def is_left_out_of_form(value: str) -> bool:
    """Whether a form's value says nothing: blank, or "null" spelled out."""
    return value.strip().lower() in _NOTHING


def field_name(name: str) -> str:
    """A form field's name without brackets: of a list, "include[0]", or of a part, "a[b]"."""
    return _BRACKETS.sub("", name.strip(" '\"").lower())


def name(value: Any) -> Any:
    """A choice by name, without regard to case."""
    return value.strip().lower() if isinstance(value, str) else value


def number(value: Any) -> Any:
    """A number, in quotes too: "0.5"."""
    if isinstance(value, str) and len(value) <= 32 and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return value


def whole_number(value: Any) -> Any:
    """A whole number, in quotes and with a decimal point too: "3", 3.0."""
    value = number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def names(values: list[str]) -> list[str]:
    """The names of a list, each once, however the list is written in a form.

    As repeated fields, with commas or blanks between them, or as a list of JSON or Python.
    """
    found: list[str] = []
    for value in values:
        bare = value.strip().removeprefix("[").removesuffix("]")
        found += [one.strip("\"'").lower() for one in re.split(r"[,\s]+", bare)]
    return [one for one in dict.fromkeys(found) if one not in _NOTHING]


def origins(given: Any) -> Any:
    """Browser origins from the environment: with commas or blanks between them, or a JSON list."""
    if not isinstance(given, str):
        return given
    text = given.strip()
    listed: list[Any] = text.replace(",", " ").split()
    if text.startswith("["):
        listed = pydantic_core.from_json(text)
    return [_origin(str(origin)) for origin in listed]


def _origin(given: str) -> str:
    """An origin as browsers send it: in lower case, without the usual port and without a path."""
    origin = given.strip().rstrip("/").lower()
    origin = re.sub(r"^(http://.+):80$|^(https://.+):443$", r"\1\2", origin)
    if origin not in ("*", "null") and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s*]+", origin):
        raise ValueError(
            "An origin is a scheme and a host, such as https://journal.example, without a path; "
            "there are no patterns but * for all"
        )
    return origin
