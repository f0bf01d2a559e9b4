"""True of every route: HEAD, no redirects, CORS on every error, nothing of BentoML's own."""

from __future__ import annotations

import pytest
from starlette.routing import BaseRoute, Mount, Route

from samo.access.keys import KeyFile, new_key
from samo.http.probes import PROBES
from samo.limits import MAX_FORM_BYTES
from samo.settings import Settings
from tests.conftest import running

ORIGIN = "https://journal.example"


@pytest.fixture(scope="module")
def key():
    return new_key("phone", ["text", "monitoring"], rate_limit="8/hour")


@pytest.fixture(scope="module")
def guarded(key):
    stored = KeyFile(keys=(key[1],)).to_json()
    settings = Settings(runners="fake", api_keys=stored, cors_origins=[ORIGIN])
    with running(settings) as client:
        yield client


def test_head_works_wherever_get_does(client):
    paths = client.get("/openapi.json").json()["paths"]
    gets = [
        path.replace("{model}", "whisper-1") for path, methods in paths.items() if "get" in methods
    ]
    assert len(gets) >= 6
    for path in gets:
        whole, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (whole.status_code, b""), path
        assert set(head.headers) == set(whole.headers), path


def bentoml_paths(app) -> list[str]:
    """The paths of BentoML's own application, around which ours is mounted."""
    while not hasattr(app, "routes"):
        app = app.app
    routes: list[BaseRoute] = app.routes
    paths = [route.path for route in routes if isinstance(route, Route | Mount) and route.path]
    return [f"{path}/index.css" if path == "/static_content" else path for path in paths]


def test_nothing_of_bentoml_is_open_but_what_its_clients_read(client):
    paths = bentoml_paths(client.app)
    ours = {"/", "/docs.json"}  # other content than BentoML's
    read_by_clients = {"/schema.json"}  # without it BentoML's own clients do not start
    for path in paths:
        status = client.get(path).status_code
        assert status == (200 if path in PROBES | ours | read_by_clients else 404), path
    for path in ("/static_content/", "/static_content/swagger-ui.css", "/task/status", "/call"):
        assert client.get(path).status_code == 404, path
    assert "bentoml" not in client.get("/").text.lower()
    assert client.get("/docs.json").json()["info"]["title"] == "SAMO"


def test_no_response_is_a_redirect(client):
    for path in (
        "/docs/", "/page", "/page/", "//", "/predict/", "/v1", "/v1/", "/v1/models/", "/docs//",
        "/openapi.json/", "/%2e%2e/docs", "/static_content", "/x/../docs",
    ):  # fmt: skip
        response = client.get(path, follow_redirects=False)
        assert not 300 <= response.status_code < 400, path
        assert "location" not in response.headers, path


def request_of(status, key):
    """A request that is answered with this status."""
    header = {"x-api-key": key}
    return {
        200: ("POST", "/predict", {"json": {"text": "joy"}, "headers": header}),
        401: ("POST", "/predict", {"json": {"text": "joy"}}),
        403: ("POST", "/transcribe/voice", {"content": b"", "headers": header}),
        404: ("GET", "/nope", {"headers": header}),
        405: ("GET", "/predict", {"headers": header}),
        413: (
            "POST",
            "/predict",
            {"content": b"", "headers": {**header, "content-length": str(MAX_FORM_BYTES)}},
        ),
        415: ("POST", "/predict", {"content": b"x", "headers": {**header, "content-type": "a/b"}}),
        422: ("POST", "/predict", {"json": {}, "headers": header}),
        500: ("POST", "/predict", {"json": {"text": "crash"}, "headers": header}),
        429: ("POST", "/predict", {"json": {"text": "joy"}, "headers": header}),
    }[status]


@pytest.mark.parametrize("status", [200, 401, 403, 404, 405, 413, 415, 422, 500, 429])
def test_a_page_of_an_allowed_origin_can_read_every_answer(guarded, key, status):
    method, path, options = request_of(status, key[0])
    options["headers"] = {**options.get("headers", {}), "origin": ORIGIN}
    for _ in range(10):  # the last status is that of a used-up limit
        response = guarded.request(method, path, **options)
        if status != 429 or response.status_code == 429:
            break
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == ORIGIN
    exposed = response.headers["access-control-expose-headers"]
    assert {"x-request-id", "retry-after", "ratelimit-limit"} <= set(exposed.split(", "))
    assert response.headers["x-request-id"]
    if status == 429:
        assert int(response.headers["retry-after"]) > 0
        assert response.headers["ratelimit-remaining"] == "0"


def test_a_preflight_needs_no_key(guarded):
    response = guarded.options(
        "/predict",
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        },
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
