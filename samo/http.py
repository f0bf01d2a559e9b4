"""The HTTP layer around the routes: request ids, limits, strict JSON, one error envelope."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import time
import uuid
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final

import orjson
import pydantic
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.formparsers import MultiPartParser
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samo import bodies, forms, limits, metrics
from samo.errors import (
    InvalidRequest,
    MalformedRequest,
    ModelFailure,
    Overloaded,
    PayloadTooLarge,
    SamoError,
)

_log = logging.getLogger("bentoml.samo.http")  # below BentoML's, which has a handler

REQUEST_ID_HEADER: Final = "x-request-id"
# A multipart form around the largest upload: boundaries, part headers, the other fields.
MAX_BODY_BYTES: Final = limits.MAX_AUDIO_BYTES + 64 * 1024
# nginx's status for a client that closed before it had an answer; for the log and the metrics.
CLIENT_CLOSED_REQUEST: Final = 499
# A client that is still sending cannot read the refusal; what it sends is thrown away so long.
DRAIN_SECONDS: Final = 5.0

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Starlette would spool uploads above 1 MB to disk; recordings stay in memory.
MultiPartParser.spool_max_size = MAX_BODY_BYTES


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


class _BodyTooLarge(Exception):
    """Raised through the application to stop it from reading on."""


class Gatekeeper:
    """ASGI middleware around everything, BentoML's own routes included.

    Gives each request an id, refuses bodies above the limit (chunked ones too) before they are
    held in memory, counts and times, turns every bare error into the envelope, and stops working
    for a client that has gone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Exchange(self.app, scope, receive, send).run()


class _Exchange:
    """One request and its answer."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = Headers(scope=scope)
        self._received = 0
        self._body_ended = False
        self._too_large = False
        self._replaced = False
        self._status = 0
        self._task = asyncio.current_task()
        self._watch: asyncio.Task[None] | None = None
        self._left = False

    async def run(self) -> None:
        given = self._headers.get(REQUEST_ID_HEADER, "")
        own = given if re.fullmatch(r"[\w.-]{1,128}", given, re.ASCII) else uuid.uuid4().hex
        token = request_id.set(own)
        start = time.perf_counter()
        try:
            await self._answer()
        except asyncio.CancelledError:
            if self._status or self._task is None:
                raise
            self._task.uncancel()
            if self._left:
                self._status = CLIENT_CLOSED_REQUEST
            else:  # the server stops, and its grace is over
                await self._reply(status_error(503))
        finally:
            if self._watch is not None:
                self._watch.cancel()
            route = getattr(self._scope.get("route"), "path", "other")
            metrics.requests.labels(route, str(self._status)).inc()
            seconds = time.perf_counter() - start
            metrics.request_seconds.labels(route).observe(seconds)
            # the route, not the path: a path may hold anything
            _log.info("%s %d %.1f ms %s", route, self._status, seconds * 1000, own)
            request_id.reset(token)

    async def _answer(self) -> None:
        declared = self._headers.get("content-length", "")
        try:
            if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
                self._too_large = True
            else:
                await self._app(self._scope, self._guarded_receive, self._guarded_send)
        except _BodyTooLarge:
            pass  # told below, as where a framework on the way caught it
        except Exception as error:
            _log.exception("request %s failed", request_id.get(), exc_info=_without_text(error))
            if self._status:
                raise
            await self._reply(ModelFailure("Something went wrong on our side; it was logged."))
        if self._too_large and not self._status:
            await self._refuse_large_body()

    async def _guarded_receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._body_ended = not message.get("more_body", False)
            if self._received > MAX_BODY_BYTES:
                self._too_large = True
                raise _BodyTooLarge
            if self._body_ended and self._watch is None:
                self._watch = asyncio.create_task(self._stop_when_left())
        return message

    async def _stop_when_left(self) -> None:
        """Cancel the work for a client that closes before it has an answer."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._status and self._task is not None:
            self._left = True
            self._task.cancel()

    async def _guarded_send(self, message: Message) -> None:
        if self._too_large and not self._status:
            return
        if message["type"] == "http.response.start":
            content_type = Headers(raw=message["headers"]).get("content-type", "")
            if message["status"] >= 400 and not content_type.startswith("application/json"):
                self._replaced = True
                await self._reply(status_error(message["status"]))
                return
            self._status = message["status"]
            MutableHeaders(raw=message["headers"])[REQUEST_ID_HEADER] = request_id.get() or ""
        elif self._replaced:
            return
        await self._send(message)

    async def _refuse_large_body(self) -> None:
        if self._headers.get("expect", "").lower() != "100-continue":
            await self._drain()
        await self._reply(
            PayloadTooLarge(
                f"The body is too large: a recording may have {limits.MAX_AUDIO_BYTES} bytes. "
                "Compress it, or send it in parts.",
                limit_bytes=limits.MAX_AUDIO_BYTES,
            )
        )

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._body_ended:
                    message = await self._receive()
                    self._body_ended = not message.get("more_body", False)
        except TimeoutError:
            return

    async def _reply(self, error: SamoError) -> None:
        self._status = error.status
        response = error_response(error)
        response.headers[REQUEST_ID_HEADER] = request_id.get() or ""
        await response(self._scope, self._receive, self._send)


def _without_text(error: Exception) -> Exception:
    """The error's type and traceback without its message, which may hold the user's words."""
    silent: Exception = type(type(error).__name__, (Exception,), {})()
    return silent.with_traceback(error.__traceback__)
