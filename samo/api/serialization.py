"""Serialize schema objects, once, at the edge."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel


def json_response(content: BaseModel) -> Response:
    """Return a schema object as JSON, without the fields that are not set.

    So `groupings` and `explanation` are absent if they were not requested.
    """
    return Response(content.model_dump_json(exclude_unset=True), media_type="application/json")
