"""Errors of a connection, outside of any request: the envelope with its own id."""

from __future__ import annotations

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from runners.errors import SamoError
from samo.http import request_log
from samo.http.envelope import REQUEST_ID_HEADER, error_response, new_request_id, request_id
from samo.http.security_headers import SECURITY_HEADERS


def connection_response(error: SamoError) -> Response:
    """The response; it says that the connection closes."""
    generated_id = new_request_id()
    token = request_id.set(generated_id)
    response = error_response(error)
    request_id.reset(token)
    response.headers[REQUEST_ID_HEADER] = generated_id
    response.headers.update({**SECURITY_HEADERS, "connection": "close"})
    request_log.observe_unparsed(error, generated_id, len(response.body))
    return response


def raw_response(error: SamoError) -> bytes:
    """The response as it is written to the socket."""
    response = connection_response(error)
    lines = [STATUS_LINE[error.status]]
    lines += [b"%s: %s\r\n" % header for header in response.raw_headers]
    return b"".join([*lines, b"\r\n", bytes(response.body)])
