"""What to change about a value that pydantic refuses, in plain words and without the value sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic_core.core_schema import ErrorType

_NOT_A_FILE: Final = "Must be a file part of a multipart form"
_OBJECT: Final = "Must be a JSON object"
_BOOLEAN: Final = "Must be true or false"
_INTEGER: Final = "Must be a whole number"
_NUMBER: Final = "Must be a number"
# By pydantic's types of errors; the context of an error fills the braces.
_MESSAGES: Final = {
    "missing": "This field is required",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": "Must be a list",
    "too_short": "Send at least {min_length} item{s}",
    "too_long": "Send at most {max_length} item{s}",
    "string_type": "Must be a string",
    "string_too_short": "Send at least {min_length} character{s}",
    "string_too_long": "Send at most {max_length} character{s}",
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_parsing_size": _INTEGER,
    "int_from_float": _INTEGER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "greater_than_equal": "Must be at least {ge:g}",
    "less_than_equal": "Must be at most {le:g}",
    "literal_error": "Must be {expected}",
}
# The message of any other error of pydantic's: its own may contain what was sent.
_INVALID: Final = "This value is not valid"
_PYDANTIC_TYPES: Final = frozenset(get_args(ErrorType))


def problem_message(problem: Mapping[str, Any]) -> str:
    """What to change about a problem that pydantic found, without the value and a full stop.

    A validator raises `PydanticCustomError`, whose message is used as it is. The message of a plain
    `ValueError` is not: Python's own messages repeat the value.
    """
    if problem["type"] not in _PYDANTIC_TYPES:
        return str(problem["msg"])
    if "UploadFile" in problem["msg"]:
        return _NOT_A_FILE
    context = problem.get("ctx", {})
    count = context.get("min_length", context.get("max_length"))
    return _MESSAGES.get(problem["type"], _INVALID).format(s="" if count == 1 else "s", **context)
