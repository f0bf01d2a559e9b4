"""The headers of a response that say what is known about its request."""

from __future__ import annotations

from typing import Final

from samo.http.envelope import REQUEST_ID_HEADER
from samo.monitoring.request_record import RequestRecord

MODEL_HEADER: Final = "x-samo-model"
VARIANT_HEADER: Final = "x-samo-variant"


def response_headers(record: RequestRecord) -> dict[str, str]:
    """The request id, and which emotion model has answered if one did."""
    headers = {REQUEST_ID_HEADER: record.id}
    if record.asked_emotion and record.emotion_model:
        headers[MODEL_HEADER] = record.emotion_model
        if record.caller is not None:
            headers[VARIANT_HEADER] = record.variant
    return headers
