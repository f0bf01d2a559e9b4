"""Messages for request bodies that pydantic refuses, without the values that were sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pydantic
from fastapi.exceptions import RequestValidationError

from runners.errors import InvalidRequest, SamoError
from samo import limits
from samo.api import forms

_NOT_A_FILE: Final = "Must be a file part of a multipart form"
# What a validator may add to a problem: limits and choices, never what was sent.
_PROBLEM_DETAILS: Final = ("min_length", "max_length", "max_characters", "ge", "le", "valid")


def _problem(problem: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """A problem that pydantic found, without what was sent."""
    way = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":  # a name that we do not know is the user's text
        unknown = forms.unknown_field(way[-1], known)
        return {**unknown, "field": ".".join([*way[:-1], unknown["field"]])}
    context = problem.get("ctx", {})
    return {
        "field": ".".join(way),
        "message": _NOT_A_FILE
        if "UploadFile" in problem["msg"]
        else problem["msg"].removeprefix("Value error, "),
        **{name: context[name] for name in _PROBLEM_DETAILS if name in context},
    }


def _invalid(found: Sequence[Mapping[str, Any]], known: Collection[str] = ()) -> InvalidRequest:
    problems = [_problem(problem, known) for problem in found[: limits.MAX_REPORTED_PROBLEMS]]
    more = {"more_errors": len(found) - len(problems)} if len(found) > len(problems) else {}
    return InvalidRequest(
        f"{problems[0]['field']}: {problems[0]['message']}.", errors=problems, **more
    )


def body_error(error: pydantic.ValidationError, body_type: type[pydantic.BaseModel]) -> SamoError:
    """Name the fields of a JSON body and what is wrong with them."""
    return _invalid(error.errors(include_url=False, include_input=False), [*body_type.model_fields])


def validation_error(error: RequestValidationError) -> SamoError:
    """Name the fields and what is wrong with them; what the user wrote is not repeated."""
    found = [{**problem, "loc": problem["loc"][1:] or problem["loc"]} for problem in error.errors()]
    return _invalid(found)
