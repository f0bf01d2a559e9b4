"""Routes of the page, of its files and of the API page."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import orjson
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.routing import APIRoute

from samo.page.files import File, Files

_log = logging.getLogger("bentoml.samo.page")  # below BentoML's logger, which has a handler

# Everything comes from this origin, and nothing in a page's own text is a script or a style.
# Images: Swagger UI's style holds icons as data: URLs; recordings are saved from blob: URLs.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}
_FILE_HEADERS: Final = {
    "cache-control": "no-cache",  # asked for anew each time; unchanged it is a 304
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_COMPRESSED_FROM: Final = 1024  # bytes; below, gzip saves nothing


def create_router(page: Files, route_class: type[APIRoute]) -> APIRouter:
    """Create the routes of the pages, of a class whose GET routes answer HEAD too.

    Without their libraries the pages say how to fetch them; the API is not concerned.
    """
    router = APIRouter(route_class=route_class, include_in_schema=False)
    if not page.complete:
        _log.warning(
            "The page at / and /docs are off: their libraries are missing. Run `make page`, then "
            "start again. The API is served."
        )

    @router.get("/")
    async def index(request: Request) -> Response:
        """The page to browsers, to others the next addresses; BentoML's would load a tracker."""
        if not wants_html(request.headers.get("accept", "")):
            links = {"service": "samo", "openapi": "/openapi.json", "health": "/health"}
            response = Response(orjson.dumps(links), media_type="application/json")
        else:
            response = await _page(request, page, "index.html")
        response.headers["vary"] = "Accept, Accept-Encoding"
        return response

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        """The API page: Swagger UI of /openapi.json."""
        return await _page(request, page, "docs.html")

    @router.get("/sw.js")
    async def service_worker(request: Request) -> Response:
        """The service worker: from the root, because its scope is its folder."""
        if not page.complete:
            raise HTTPException(404)
        return await _send(request, page.by_path["sw.js"])

    @router.get("/page/{path:path}")
    async def file(request: Request, path: str) -> Response:
        """A file of the pages."""
        found = page.by_path.get(path)
        if found is None:
            raise HTTPException(404)
        return await _send(request, found)

    return router


def wants_html(accept: str) -> bool:
    """Whether an Accept header names HTML, and does not prefer JSON to it."""
    weights = {"text/html": 0.0, "application/json": 0.0}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_type in weights:
            weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
            weights[media_type] = float(weight) if _is_number(weight) else 0.0
    return 0 < weights["text/html"] >= weights["application/json"]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and text.isascii()


async def _page(request: Request, files: Files, name: str) -> Response:
    if not files.complete:
        response = await _send(request, files.by_path["missing.html"])
        response.status_code = 503
    else:
        response = await _send(request, files.by_path[name])
    response.headers.update(_PAGE_HEADERS)
    return response


async def _send(request: Request, file: File) -> Response:
    """A file, compressed where the client takes that; 304 where it has it."""
    headers = {**_FILE_HEADERS, "etag": file.etag, "vary": "Accept-Encoding"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = file.content
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if takes_gzip and len(content) >= _COMPRESSED_FROM:
        content = await asyncio.to_thread(lambda: file.compressed)
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=file.media_type, headers=headers)
