"""How the page and its files are served."""

from __future__ import annotations

import gzip
import json
import logging
import re

import pytest

from samo.page.files import STATIC, VENDOR, Files
from samo.page.routes import create_router, wants_html
from tests.conftest import ROOT
from tests.http.errors import error_of

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
HTML = {"accept": BROWSER}


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("TEXT/HTML", True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("text/html;q=0.4, application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=nonsense", False),
        ("application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_who_is_answered_in_html(accept, html):
    assert wants_html(accept) is html


def test_the_dark_theme_is_the_same_by_choice_and_by_the_systems_preference():
    style = (STATIC / "theme.css").read_text(encoding="utf-8")
    chosen, preferred = (
        style.partition(selector)[2].partition("}")[0].split()
        for selector in (':root[data-theme="dark"] {', ":root:not([data-theme]) {")
    )
    assert chosen == preferred
    assert chosen[:2] == ["color-scheme:", "dark;"]


def test_the_root_answers_the_page_to_browsers_and_json_to_others(client):
    page, links = client.get("/", headers=HTML), client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<script type="module" src="/page/app.js">' in page.text
    assert links.json() == {"service": "samo", "openapi": "/openapi.json", "health": "/health"}
    assert "Accept" in page.headers["vary"]
    assert "Accept" in links.headers["vary"]


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_policy_allows_this_origin_alone_and_nothing_inline(client, path):
    page = client.get(path, headers=HTML)
    policy = dict(
        part.split(" ", 1) for part in page.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'self'"
    assert set(policy) & {"script-src", "style-src", "connect-src", "worker-src"} == set()
    assert "unsafe" not in page.headers["content-security-policy"]
    assert re.findall(r"<script>|<style|\sstyle=|\son\w+=", page.text) == []


def test_the_pages_own_files_name_no_other_origin():
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|[\"'(]//\w", text), path.name


def test_a_file_is_compressed_and_not_sent_twice(client):
    plain = client.get("/page/app.js", headers={"accept-encoding": "identity"})
    assert plain.content == (STATIC / "app.js").read_bytes()
    assert plain.headers["content-type"].startswith("text/javascript")
    with client.stream("GET", "/page/app.js", headers={"accept-encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content
    again = client.get("/page/app.js", headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head("/page/app.js", headers={"accept-encoding": "identity"})
    assert head.headers["content-length"] == str(len(plain.content))


@pytest.mark.parametrize("path", ["nothing.js", "../files.py", "%2e%2e/files.py", "vendor/.done"])
def test_what_is_no_file_of_the_page_gets_the_envelope(client, path):
    assert error_of(client.get(f"/page/{path}"), 404)["code"] == "not_found"


def test_the_worker_keeps_what_the_page_loads(client):
    worker = client.get("/sw.js").text
    release = json.loads(worker.removeprefix("const RELEASE = ").partition(";\n")[0])
    assert {"/", "/page/app.js", "/page/base.css", "/page/vendor/idb/index.js"} < set(
        release["files"]
    )
    for path in release["files"]:
        assert client.get(path).status_code == 200
    loaded = set(re.findall(r'(?:src|href)="(/page/[^"#]+)', client.get("/", headers=HTML).text))
    for script in STATIC.glob("*.js"):
        if script.name not in ("sw.js", "docs.js"):
            text = script.read_text(encoding="utf-8")
            loaded |= {f"/page/{one}" for one in re.findall(r'from "\./([^"]+)"', text)}
    assert loaded <= set(release["files"])


def test_another_file_is_another_worker(tmp_path):
    for path in STATIC.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = Files.read(tmp_path).by_path["sw.js"].content
    assert Files.read(tmp_path).by_path["sw.js"].content == before
    with (tmp_path / "base.css").open("a") as file:
        file.write("\n")
    assert Files.read(tmp_path).by_path["sw.js"].content != before


def test_the_limits_are_the_services(client):
    limits = client.get("/page/limits.json").json()
    assert limits["max_audio_seconds"] == 300
    assert limits["max_job_bytes"] == 500 * 1024 * 1024
    assert limits["max_microphone_seconds"] == 1800
    assert limits["max_text_characters"] == 20_000


def test_without_its_libraries_the_page_says_what_to_do(tmp_path, monkeypatch, caplog):
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from samo.api.routing import Route

    app = FastAPI(docs_url=None)
    monkeypatch.setattr(logging.getLogger("bentoml"), "propagate", True)
    with caplog.at_level(logging.WARNING, "bentoml.samo.page"):
        app.include_router(create_router(Files.read(vendor=tmp_path), Route))
    assert "make page" in caplog.text
    client = TestClient(app)
    for path in ("/", "/docs"):
        page = client.get(path, headers=HTML)
        assert page.status_code == 503
        assert "make page" in page.text
    assert client.get("/").json()["service"] == "samo"
    assert client.get("/sw.js").status_code == 404


def test_what_ships_is_small():
    shipped = [path for folder in (STATIC, VENDOR) for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in shipped) < 3_000_000


def test_the_lock_has_a_hash_for_each_package_and_no_address():
    lock = json.loads((ROOT / "samo" / "page" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert {"node_modules/idb", "node_modules/swagger-ui-dist", "node_modules/uplot"} < set(
        packages
    )
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert not any("resolved" in one for one in packages.values())
