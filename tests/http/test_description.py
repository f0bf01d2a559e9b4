"""The OpenAPI description is complete, true to the service, and the same as docs/openapi.json."""

from __future__ import annotations

import json
import re

import jsonschema
import numpy as np
import pytest

from runners import errors
from samo import limits
from samo.api.description import EXAMPLES, operations
from tests import recordings
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def description():
    from samo.api.app import create_app
    from samo.settings import Settings

    return json.loads(json.dumps(create_app(Settings()).openapi()))


def test_the_committed_description_is_the_services(description):
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert committed == description, "run `make openapi`"


def test_it_is_served(client, description):
    assert client.get("/openapi.json").json() == description
    assert client.get("/docs.json").json() == description


def success(operation):
    (status,) = (status for status in operation["responses"] if status.startswith("2"))
    return operation["responses"][status]


def test_every_route_has_an_example(description):
    for path, operation in operations(description):
        answers = success(operation)["content"].values()
        assert any("example" in answer for answer in answers), (
            f"{path}: add it to {EXAMPLES.name}; then `python -m tests.e2e.update_openapi_examples`"
        )
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        assert body is None or "example" in body, path


def test_the_examples_are_valid(description):
    def validate(value, schema):
        jsonschema.validate(
            value, {**schema, "components": description["components"]},
            cls=jsonschema.Draft202012Validator,
        )  # fmt: skip

    for _, operation in operations(description):
        bodies = [*operation.get("requestBody", {}).get("content", {}).values()]
        for media in [*bodies, *success(operation)["content"].values()]:
            if "example" in media:
                validate(media["example"], media.get("schema", {}))
    for response in description["components"]["responses"].values():
        media = response["content"]["application/json"]
        for example in media["examples"].values():
            validate(example["value"], media["schema"])


def test_every_refusal_has_an_example(description):
    format_example = {
        (int(name[-3:]), code)
        for name, response in description["components"]["responses"].items()
        for code in response["content"]["application/json"]["examples"]
    }
    # samo.batch has errors of its own, which HTTP does not
    every = {
        (one.status, one.code)
        for one in errors.SamoError.__subclasses__()
        if one.__module__ == errors.__name__
    }
    # WebSockets are not in the description
    others = ("unsupported_protocol", "upgrade_required", "internal_error")
    ours = {one for one in every if one[1] not in others}
    assert ours <= format_example


def test_the_refusals_of_a_route_are_of_its_kind(description):
    paths = description["paths"]
    assert "/Upload413" in paths["/transcribe/voice"]["post"]["responses"]["413"]["$ref"]
    assert "/Json413" in paths["/predict"]["post"]["responses"]["413"]["$ref"]
    assert "413" not in paths["/health"]["get"]["responses"]
    assert "404" in paths["/v1/models/{name}"]["get"]["responses"]
    assert "410" in paths["/v1/jobs/{job_id}"]["get"]["responses"]


PATHS = {"/v1/models/none": "/v1/models/{name}"}


def upload(data):
    return {"url": "/transcribe/voice", "files": {"audio_file": ("entry", data)}}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (
            {"content": b"nojson", "headers": {"content-type": "application/json"}},
            "malformed_request",
        ),
        ({"data": {"x": "1"}}, "unsupported_media_type"),
        ({"json": {"text": "x" * limits.MAX_JSON_BYTES}}, "payload_too_large"),
        (upload(bytes(limits.MAX_FORM_BYTES)), "payload_too_large"),
        ({"json": {}}, "invalid_request"),
        ({"json": {"text": "crash"}}, "model_failure"),
        (
            upload(recordings.wav(np.zeros(16_000 * 302, "<i2"))),
            "audio_too_long",
        ),
        (upload(recordings.wav(np.zeros(64, "<i2"), channels=64)), "unsupported_audio"),
        ({"url": "/v1/models/none", "method": "GET"}, "model_not_found"),
        (
            {
                "url": "/v1/audio/transcriptions",
                "files": {"file": recordings.wav(np.zeros(64, "<i2"), channels=64)},
            },
            "unsupported_audio",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_examples_say_what_the_service_says(client, description, request_, code):
    request = {"method": "POST", "url": "/predict"} | request_
    response = client.request(**request)
    status, error = response.status_code, response.json()["error"]
    assert error["code"] == code
    (operation,) = description["paths"][PATHS.get(request["url"], request["url"])].values()
    component = operation["responses"][str(status)]["$ref"].rpartition("/")[2]
    media = description["components"]["responses"][component]["content"]["application/json"]
    format_example = media["examples"][code]["value"]["error"]
    assert {**error, "request_id": ""} == {**format_example, "request_id": ""}


def test_names_have_no_addresses_in_them(description):
    """Clients that are generated from it get short names."""
    names = [operation["operationId"] for _, operation in operations(description)]
    assert len(set(names)) == len(names)
    assert all("_post" not in name and name.isidentifier() for name in names)


def test_descriptions_have_no_line_breaks_within_a_paragraph(description):
    """Swagger UI shows them: a line would have the one word that did not fit in the source."""

    def texts(node):
        if isinstance(node, dict):
            if isinstance(node.get("description"), str):
                yield node["description"]
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                yield from texts(child)

    found = list(texts(description))
    assert len(found) > 100
    assert not [text for text in found if re.search(r"[^\n]\n[^\n]", text)]
