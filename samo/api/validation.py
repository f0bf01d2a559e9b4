"""Error messages for bodies that pydantic refuses, in plain words and without the values sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, get_args

import pydantic
from fastapi.exceptions import RequestValidationError
from pydantic_core.core_schema import ErrorType

from runners.errors import InvalidRequest, SamoError
from samo import limits
from samo.api.form_fields import unknown_field

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
# Details of a problem that are safe to send: limits and choices, never the value.
_PROBLEM_DETAILS: Final = ("min_length", "max_length", "max_characters", "ge", "le", "valid")


def body_error(error: pydantic.ValidationError, body_type: type[pydantic.BaseModel]) -> SamoError:
    """The error for a JSON body: its invalid fields and what is wrong with them."""
    return _invalid_request(
        error.errors(include_url=False, include_input=False), body_type.model_fields
    )


def form_error(error: RequestValidationError) -> SamoError:
    """The error for a form: its invalid fields and what is wrong with them."""
    return _invalid_request(
        [{**problem, "loc": problem["loc"][1:] or problem["loc"]} for problem in error.errors()]
    )


def _invalid_request(
    found: Sequence[Mapping[str, Any]], known_fields: Collection[str] = ()
) -> InvalidRequest:
    problems = [_problem(item, known_fields) for item in found[: limits.MAX_REPORTED_PROBLEMS]]
    more = {"more_errors": len(found) - len(problems)} if len(found) > len(problems) else {}
    return InvalidRequest(
        f"{problems[0]['field']}: {problems[0]['message']}.", errors=problems, **more
    )


def _problem(problem: Mapping[str, Any], known_fields: Collection[str]) -> dict[str, Any]:
    """A problem that pydantic found, without the value."""
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":  # an unknown name may be user text
        unknown = unknown_field(path[-1], known_fields)
        return {**unknown, "field": ".".join([*path[:-1], unknown["field"]])}
    context = problem.get("ctx", {})
    return {
        "field": ".".join(path),
        "message": problem_message(problem),
        **{name: context[name] for name in _PROBLEM_DETAILS if name in context},
    }


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
