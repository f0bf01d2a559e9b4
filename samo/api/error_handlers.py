"""Send every error that a route raises in the error envelope."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from runners.errors import SamoError
from samo.api.validation import form_error
from samo.http.envelope import error_response, status_error


def install_error_handlers(app: FastAPI) -> None:
    """Replace FastAPI's error responses by the error envelope."""

    @app.exception_handler(SamoError)
    async def _samo(_request: Request, error: SamoError) -> Response:
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> Response:
        return error_response(form_error(error))

    @app.exception_handler(StarletteHTTPException)
    async def _http(_request: Request, error: HTTPException) -> Response:
        problem = status_error(error.status_code)
        headers = dict(error.headers or {})
        if allowed := headers.get("Allow"):
            headers["Allow"] = allowed.replace("GET", "GET, HEAD")
            problem.message = f"This path only takes {headers['Allow']}."
        response = error_response(problem)
        response.headers.update(headers)
        return response
