"""The HTTP layer around the routes: request ids, limits, strict JSON, one error envelope."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final

import orjson
import pydantic
import pydantic_core
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.formparsers import MultiPartParser

from samo import limits
from samo.errors import (
    InvalidRequest,
    MalformedRequest,
    Overloaded,
    SamoError,
)

REQUEST_ID_HEADER: Final = "x-request-id"
# A multipart form around the largest upload: boundaries, part headers, the other fields.
MAX_BODY_BYTES: Final = limits.MAX_AUDIO_BYTES + 64 * 1024

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Starlette would spool uploads above 1 MB to disk; recordings stay in memory.
MultiPartParser.spool_max_size = MAX_BODY_BYTES


class JSONRequest(Request):
    """Parses JSON by pydantic's parser: no recursion limit to run into, no lone surrogates."""

    async def json(self) -> Any:
        """Return the parsed body; raises `JSONDecodeError`, as Starlette's own does."""
        try:
            return pydantic_core.from_json(await self.body())
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


class Route(APIRoute):
    """A route whose body is parsed by `JSONRequest`, and on the shortest way where it can be.

    FastAPI resolves every parameter of every request, and BentoML's service as a dependency in a
    thread. A view that takes the service, which is `app.state.service`, and one JSON body, and
    answers with a `Response`, needs neither. Whatever is wrong with a body is still FastAPI's to
    find and to tell.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler that FastAPI built."""
        handler = super().get_route_handler()
        body_type = self._only_body()

        async def handle(request: Request) -> Response:
            request = JSONRequest(request.scope, request.receive)
            if body_type is not None and _says_json(request):
                try:
                    body = body_type.model_validate(await request.json())
                except ValueError:  # pydantic's and json's are
                    return await handler(request)
                answer: Response = await self.endpoint(request.app.state.service, body)
                return answer
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


def _says_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == "application/json"


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


def status_error(status: int) -> SamoError:
    """The error for a bare HTTP status."""
    if status == MalformedRequest.status:
        return MalformedRequest(_STATUS_MESSAGES[400])
    return _StatusError(status, _STATUS_MESSAGES.get(status))


def _field(problem: dict[str, Any]) -> str:
    """The way to a field; the name of one that we do not know is the user's text."""
    way = [str(part) for part in problem["loc"][1:]]
    if problem["type"] == "extra_forbidden":
        way[-1] = "(unknown field)"
    return ".".join(way) or str(problem["loc"][0])


def validation_error(error: RequestValidationError) -> SamoError:
    """Name the fields and what is wrong with them; what the user wrote is not repeated."""
    problems = [
        {
            "field": _field(problem),
            "message": _NOT_A_FILE
            if "UploadFile" in problem["msg"]
            else problem["msg"].removeprefix("Value error, "),
            **{
                limit: problem["ctx"][limit]
                for limit in ("min_length", "max_length", "ge", "le")
                if limit in problem.get("ctx", {})
            },
        }
        for problem in error.errors()
    ]
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return MalformedRequest(f"The body is no valid JSON: {first['ctx']['error']}.")
    if first["loc"] == ("body",):
        return InvalidRequest(
            "The body is missing or no JSON object: send one, with Content-Type: application/json.",
            errors=problems,
        )
    return InvalidRequest(f"{problems[0]['field']}: {problems[0]['message']}.", errors=problems)


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
        response = error_response(status_error(error.status_code))
        response.headers.update(error.headers or {})
        return response
