"""The class of all routes; how they read their bodies."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import pydantic
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.formparsers import MultiPartParser
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from samo import limits
from samo.access.identity import key_name
from samo.api import forms, json_body
from samo.api.form_fields import FormFields, refuse_query
from samo.api.parameters import models_for
from samo.api.validation import body_error
from samo.insight.threads import run_in_background

# Starlette would write uploads above 1 MB to disk; recordings stay in memory.
MultiPartParser.spool_max_size = limits.MAX_FORM_BYTES

_BODY_TYPE: Final = "__json_body_type__"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Coroutine[Any, Any, Response]])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def json_endpoint(endpoint: Endpoint) -> Endpoint:
    """Have `Route` call `endpoint(models, body)` directly, without FastAPI's dependencies.

    The endpoint takes the loaded models or the request, and one JSON body, a pydantic model. It
    returns a `Response`. FastAPI's resolution of parameters would take 0.5 ms per request.

    Raises:
        TypeError: The endpoint has other parameters.
    """
    parameters = [*inspect.signature(endpoint).parameters]
    body_type = get_type_hints(endpoint)[parameters[-1]] if len(parameters) == 2 else None
    if not (inspect.isclass(body_type) and issubclass(body_type, pydantic.BaseModel)):
        raise TypeError(f"{endpoint.__qualname__} must take the models and one pydantic model")
    setattr(endpoint, _BODY_TYPE, body_type)
    return endpoint


class Route(APIRoute):
    """A route whose body is parsed by `samo.api.json_body` or `samo.api.forms`.

    GET routes answer HEAD too, as HTTP requires.
    """

    def get_route_handler(self) -> Handler:
        """The handler for the kind of body that the endpoint takes."""
        if hasattr(self.endpoint, _BODY_TYPE):
            return self._json_handler(getattr(self.endpoint, _BODY_TYPE))
        dependants = [self.dependant, *self.dependant.dependencies]
        parameters = [field for one in dependants for field in one.body_params]
        fields = FormFields.from_parameters([field.alias for field in parameters])
        handler = super().get_route_handler()
        return handler if fields is None else _form_handler(handler, fields)

    def _json_handler(self, body_type: type[pydantic.BaseModel]) -> Handler:
        limit = limits.max_body_bytes(self.path_format)
        max_tokens = limits.max_json_tokens(self.path_format)
        takes_request = next(iter(inspect.signature(self.endpoint).parameters)) == "request"

        async def handle(request: Request) -> Response:
            if request.scope["query_string"]:
                refuse_query(request.scope["query_string"], body_type.model_fields)
            raw = await json_body.read(request, limit)
            if len(raw) <= limits.MAX_INLINE_JSON_BYTES:
                body = _parse(raw, max_tokens, body_type)
            else:
                body = await run_in_background(_parse, raw, max_tokens, body_type)
            first = request if takes_request else models_for(request)
            response: Response = await self.endpoint(first, body)
            return response

        return handle

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match HEAD if GET would match."""
        match, child_scope = super().matches(scope)
        if self._is_head(scope) and match is Match.PARTIAL:
            match = Match.FULL
        return match, child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the server omits the body of a response to HEAD."""
        as_get = {**scope, "method": "GET"} if self._is_head(scope) else scope
        await super().handle(as_get, receive, send)

    def _is_head(self, scope: Scope) -> bool:
        return scope.get("method") == "HEAD" and "GET" in (self.methods or ())


class SpooledRoute(Route):
    """A route whose upload is written to a file if it is large.

    It is refused before it arrives if there is no room for another job.
    """

    def get_route_handler(self) -> Handler:
        """The handler of the form."""
        fields = FormFields.from_parameters([field.alias for field in self.dependant.body_params])
        assert fields is not None  # noqa: S101  # for mypy: the route takes a recording
        handler = APIRoute.get_route_handler(self)

        async def handle(request: Request) -> Response:
            state = request.app.state
            state.jobs.check_room(key_name(request.scope))
            return await _form_handler(handler, fields, state.settings.jobs_folder)(request)

        return handle


def _parse(raw: bytes, max_tokens: int, body_type: type[pydantic.BaseModel]) -> pydantic.BaseModel:
    document = json_body.parse_object(raw, max_tokens)
    try:
        return body_type.model_validate(document)
    except pydantic.ValidationError as error:
        raise body_error(error, body_type) from None


def _form_handler(handler: Handler, fields: FormFields, folder: Path | None = None) -> Handler:
    async def handle(request: Request) -> Response:
        if request.scope["query_string"]:
            refuse_query(request.scope["query_string"], ())
        request._form = await forms.read(request, fields, folder)  # FastAPI uses this form
        return await handler(request)

    return handle
