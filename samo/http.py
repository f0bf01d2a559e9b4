"""The HTTP layer around the routes: how they read requests, and one error envelope."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final

import orjson
import pydantic
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.formparsers import MultiPartParser
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from samo import bodies, forms, limits
from samo.errors import (
    InvalidRequest,
    MalformedRequest,
    Overloaded,
    SamoError,
)

REQUEST_ID_HEADER: Final = "x-request-id"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Starlette would spool uploads above 1 MB to disk; recordings stay in memory.
MultiPartParser.spool_max_size = limits.MAX_FORM_BYTES


class Route(APIRoute):
    """A route whose body is read by `samo.bodies` or `samo.forms`, and on the shortest way.

    FastAPI resolves every parameter of every request, and BentoML's service as a dependency in a
    thread. A view that takes the service, which is `app.state.service`, and one JSON body, and
    answers with a `Response`, needs neither. GET routes answer HEAD too, as HTTP asks for.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler that FastAPI built."""
        handler = super().get_route_handler()
        body_type = self._only_body()
        limit = limits.max_body_bytes(self.path_format)
        form_fields = forms.Fields.of([field.alias for field in self.dependant.body_params])
        has_body = body_type is not None or form_fields is not None
        field_names = [*body_type.model_fields] if body_type is not None else []

        async def handle(request: Request) -> Response:
            if has_body and request.scope["query_string"]:
                forms.refuse_query(request.scope["query_string"], field_names)
            if body_type is not None:
                given = await bodies.read_object(request, limit)
                try:
                    body = body_type.model_validate(given)
                except pydantic.ValidationError as error:
                    raise body_error(error, body_type) from None
                answer: Response = await self.endpoint(request.app.state.service, body)
                return answer
            if form_fields is not None:
                request._form = await forms.read(request, form_fields)  # FastAPI takes this one
            return await handler(request)

        return handle

    def _only_body(self) -> type[pydantic.BaseModel] | None:
        """The type of the body where the view is a method that takes nothing else."""
        parameters = [*inspect.signature(self.endpoint).parameters]
        body = self.dependant.body_params
        if len(parameters) != 2 or parameters[0] != "self" or len(body) != 1:
            return None
        of = body[0].field_info.annotation
        return of if inspect.isclass(of) and issubclass(of, pydantic.BaseModel) else None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match HEAD where GET would match."""
        match, child_scope = super().matches(scope)
        return (
            Match.FULL if self._is_head(scope) and match is Match.PARTIAL else match
        ), child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the server leaves out the body of an answer to HEAD."""
        as_get = {**scope, "method": "GET"} if self._is_head(scope) else scope
        await super().handle(as_get, receive, send)

    def _is_head(self, scope: Scope) -> bool:
        return scope.get("method") == "HEAD" and "GET" in (self.methods or ())


def error_body(error: SamoError) -> dict[str, Any]:
    """The envelope of an error."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": error.details,
            "request_id": request_id.get(),
        }
    }


def error_response(error: SamoError) -> Response:
    """The envelope as an answer, with Retry-After where there is a queue to wait for."""
    response = Response(
        orjson.dumps(error_body(error)), status_code=error.status, media_type="application/json"
    )
    if isinstance(error, Overloaded):
        response.headers["retry-after"] = str(error.retry_after_seconds)
    return response


class _StatusError(SamoError):
    """An error of the framework's: a path that is not there, a method that is not allowed."""

    def __init__(self, status: int, message: str | None = None) -> None:
        phrase = HTTPStatus(status).phrase
        super().__init__(message or f"{phrase}.")
        self.status = status  # type: ignore[misc]  # one class for all of the framework's
        self.code = phrase.lower().replace(" ", "_").replace("-", "_")  # type: ignore[misc]


_STATUS_MESSAGES: Final = {
    400: "The request could not be read: send valid JSON, or a valid multipart form.",
    404: "There is nothing at this path: /openapi.json lists what there is.",
    405: "This path does not take this method: /openapi.json lists which it takes.",
    503: "The service is not ready: try again in a few seconds.",
}


_NOT_A_FILE: Final = "Must be a file part of a multipart form"
# What a validator may add to a problem: limits and choices, never what was sent.
_PROBLEM_DETAILS: Final = ("min_length", "max_length", "max_characters", "ge", "le", "valid")


def status_error(status: int) -> SamoError:
    """The error for a bare HTTP status."""
    if status == MalformedRequest.status:
        return MalformedRequest(_STATUS_MESSAGES[400])
    return _StatusError(status, _STATUS_MESSAGES.get(status))


def unknown_path(nearest: str | None) -> SamoError:
    """The error for a path that is not there, and `nearest`, the one of ours that may be meant."""
    error = status_error(404)
    if nearest is not None:
        error.message = f"There is nothing at this path; did you mean {nearest}?"
        error.details = {"path": nearest}
    return error


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


def install_error_handlers(app: FastAPI) -> None:
    """Give every error that is raised inside the routes the one envelope."""

    @app.exception_handler(SamoError)
    async def _samo(_request: Request, error: SamoError) -> Response:
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> Response:
        return error_response(validation_error(error))

    @app.exception_handler(StarletteHTTPException)
    async def _http(_request: Request, error: HTTPException) -> Response:
        problem = status_error(error.status_code)
        headers = dict(error.headers or {})
        if allowed := headers.get("Allow"):
            headers["Allow"] = allowed.replace("GET", "GET, HEAD")
            problem.message = f"This path takes {headers['Allow']}, and no other method."
        response = error_response(problem)
        response.headers.update(headers)
        return response
