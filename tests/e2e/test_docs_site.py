"""The docs site: built without a warning, complete, and without anything from another server."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright

from tests.conftest import RECORDING, ROOT
from tests.documentation import PAGES, blocks
from tests.e2e import browser
from tests.e2e.conftest import serving

MKDOCS = ROOT / ".venv-docs/bin/mkdocs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if not MKDOCS.exists():
        pytest.skip("needs .venv-docs: `make docs` sets it up")
    subprocess.run([ROOT / "docs/site/fetch-mermaid.sh"], check=True, timeout=60)
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [MKDOCS, "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def serve():
    """Serves folders over HTTP; returns their addresses."""
    servers = []

    def start(folder):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_arguments):
                pass

        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
        )
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def playwright():
    browser.executable()  # skips without Chromium
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(playwright):
    with browser.launch(playwright) as launched:
        yield launched


def test_every_page_is_on_the_site(site):
    names = {page.stem for page in PAGES} - {"README", "CONTRIBUTING", "SECURITY"}
    assert names - {page.stem for page in site.glob("*.html")} == set()
    assert (site / "project/contributing.html").exists()
    assert (site / "clients/python.html").exists()


def test_a_broken_link_fails_the_build(site, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "docs", copy / "docs")
    for source in (
        "mkdocs.yml",
        "README.md",
        "CONTRIBUTING.md",
        "CODE_OF_CONDUCT.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ):
        shutil.copy(ROOT / source, copy)
    for folder in ("clients", "checkpoints", "notebooks", "training", "samo"):
        (copy / folder).symlink_to(ROOT / folder)
    with (copy / "docs/glossary.md").open("a") as page:
        page.write("\n[broken](api.md#no-such-heading)\n")
    done = subprocess.run(
        [MKDOCS, "build", "--strict"], cwd=copy, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no-such-heading" in done.stderr


def test_a_page_draws_its_diagram_and_loads_nothing_from_elsewhere(site, serve, chromium):
    url = serve(site)
    page = chromium.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{url}/architecture.html")
    page.wait_for_selector("div.mermaid", state="attached", timeout=30_000)
    assert [one for one in requests if not one.startswith((url, "data:", "blob:"))] == []
    assert any(one.endswith("mermaid.min.js") for one in requests)


def test_every_diagram_is_valid(site, serve, chromium):
    page = chromium.new_page()
    page.goto(f"{serve(site)}/architecture.html")
    diagrams = [block.code for one in PAGES for block in blocks(one, "mermaid")]
    assert len(diagrams) >= 6
    for diagram in diagrams:
        page.evaluate("diagram => mermaid.parse(diagram)", diagram)  # raises for a mistake
    with pytest.raises(Error, match="Parse error"):
        page.evaluate("diagram => mermaid.parse(diagram)", "flowchart TD\n a --")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_and_follow_its_scheme(site, serve, chromium, scheme):
    url = serve(site)
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    for name in ("index", "api", "architecture", "believing", "notebooks/explore-journal"):
        page.goto(f"{url}/{name}.html")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{name} is {width} px wide"
        expected = "slate" if scheme == "dark" else "default"
        assert page.get_attribute("body", "data-md-color-scheme") == expected
    context.close()


def test_a_notebook_is_a_page_with_its_pictures(site):
    page = (site / "notebooks/explore-journal.html").read_text(encoding="utf-8")
    pictures = set(re.findall(r'src="(explore-journal-\d+\.png)"', page))
    assert len(pictures) == 5
    assert all((site / "notebooks" / picture).stat().st_size > 1000 for picture in pictures)
    assert 'href="../insights.html"' in page


def test_the_tutorials_page_records_and_shows_emotions(serve, playwright, tmp_path):
    url = serve(ROOT / "docs/examples/recorder")
    microphone = tmp_path / "microphone.wav"
    browser.as_microphone(Path(RECORDING), microphone)
    with (
        serving(tmp_path / "log", SAMO_RUNNERS="fake", SAMO_CORS_ORIGINS=url) as service,
        browser.launch(playwright, microphone) as chromium,
    ):
        context = chromium.new_context(permissions=["microphone"])
        page = context.new_page()
        page.goto(f"{url}/index.html?service={str(service.base_url).rstrip('/')}")
        page.click("#record")
        page.wait_for_selector("text=Stop")
        page.wait_for_timeout(2500)
        page.click("#record")
        page.wait_for_selector("#emotions li", timeout=30_000)
        assert "seconds" in page.inner_text("#text")  # the fake transcript
