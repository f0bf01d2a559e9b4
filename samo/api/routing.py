"""How the routes read their bodies."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar, get_type_hints

import pydantic
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.formparsers import MultiPartParser
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from samo import limits
from samo.api import bodies, forms
from samo.api.validation import body_error

# Starlette would spool uploads above 1 MB to disk; recordings stay in memory.
MultiPartParser.spool_max_size = limits.MAX_FORM_BYTES


_BODY_TYPE: Final = "__json_body_type__"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Coroutine[Any, Any, Response]])


def json_endpoint(endpoint: Endpoint) -> Endpoint:
    """Have `Route` call `endpoint(models, body)` directly, without FastAPI's dependencies.

    The endpoint takes the loaded models and one JSON body, a pydantic model, and answers with a
    `Response`. FastAPI's resolving of parameters would cost each request half a millisecond.

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
    """A route whose body is read by `samo.api.bodies` or `samo.api.forms`.

    GET routes answer HEAD too, as HTTP asks for.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler that FastAPI built."""
        handler = super().get_route_handler()
        body_type: type[pydantic.BaseModel] | None = getattr(self.endpoint, _BODY_TYPE, None)
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
                answer: Response = await self.endpoint(request.app.state.models, body)
                return answer
            if form_fields is not None:
                request._form = await forms.read(request, form_fields)  # FastAPI takes this one
            return await handler(request)

        return handle

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
