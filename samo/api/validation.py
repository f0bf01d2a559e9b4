"""Error messages for bodies that pydantic refuses, in plain words and without the values sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pydantic
from fastapi.exceptions import RequestValidationError

from runners.errors import InvalidRequest, SamoError
from samo import limits
from samo.api.form_fields import UNKNOWN_FIELD_MESSAGE, unknown_field
from samo.problems import problem_message

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
    _name_the_missing_field(found, problems)
    more = {"more_errors": len(found) - len(problems)} if len(found) > len(problems) else {}
    return InvalidRequest(
        f"{problems[0]['field']}: {problems[0]['message']}.", errors=problems, **more
    )


def _name_the_missing_field(
    found: Sequence[Mapping[str, Any]], problems: Sequence[dict[str, Any]]
) -> None:
    """A name that resembles no field, where one field is missing, is meant for that field."""
    missing = [item for item in found if item["type"] == "missing" and len(item["loc"]) == 1]
    unknown = [item for item in found if item["type"] == "extra_forbidden"]
    if len(missing) != 1 or len(unknown) != 1 or len(unknown[0]["loc"]) != 1:
        return
    for problem in problems:
        if problem["message"] == UNKNOWN_FIELD_MESSAGE:
            problem["message"] += f"; did you mean `{missing[0]['loc'][0]}`"


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
