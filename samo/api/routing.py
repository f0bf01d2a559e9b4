"""How the routes read their bodies."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

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


class Route(APIRoute):
    """A route whose body is read by `samo.api.bodies` or `samo.api.forms`, and on the shortest way.

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
