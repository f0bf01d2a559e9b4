"""Checks of the error envelope, which every error response has."""

from __future__ import annotations

from typing import Any

import httpx


def error_of(response: httpx.Response, status: int) -> dict[str, Any]:
    """Return the error of a response after checking its status and format."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    error: dict[str, Any] = response.json()["error"]
    is_openai = response.request.url.path.lstrip("/").startswith("v1/")
    specific = {"type", "param"} if is_openai else {"details"}
    assert set(error) == {"code", "message", "request_id"} | specific
    assert error["request_id"] == response.headers["x-request-id"]
    return error
