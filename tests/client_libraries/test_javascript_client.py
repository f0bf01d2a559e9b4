"""The JavaScript client: its own tests by Node.js' test runner, and uploads in a real browser."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import RECORDING, ROOT
from tests.e2e import browser
from tests.e2e.conftest import serving

FOLDER = ROOT / "clients/javascript"


@pytest.fixture(scope="module")
def node_modules():
    """The packages of package-lock.json; they stay for the next run."""
    if not (FOLDER / "node_modules/.package-lock.json").exists():
        subprocess.run([ROOT / "scripts/node-modules", FOLDER], check=True, timeout=120)


@pytest.mark.usefixtures("node_modules")
def test_its_own_tests(service_url):
    node = Path(os.environ.get("VIRTUAL_ENV", ROOT / ".venv")) / "bin"
    environment = {**os.environ, "SAMO_URL": service_url, "PATH": f"{node}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["node", "--test", "--test-reporter=spec"],
        cwd=FOLDER, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped 0" in done.stdout


PAGE = """<!doctype html><input type="file">
<script type="importmap">
{"imports": {"@samo/client": "/src/index.js",
             "openapi-fetch": "/node_modules/openapi-fetch/dist/index.mjs"}}
</script>
<script type="module">
import { Samo } from "@samo/client";
window.upload = async (baseUrl, abortAt) => {
  const progress = [];
  const controller = new AbortController();
  const recording = document.querySelector("input").files[0];
  try {
    const insight = await new Samo({ baseUrl }).analyzeRecording(recording, {
      signal: controller.signal,
      onProgress: (sent, total) => {
        progress.push([sent, total]);
        if (progress.length === abortAt) controller.abort();
      },
    });
    return { seconds: insight.transcription.duration, progress };
  } catch (error) {
    return { error: error.name, code: error.code };
  }
};
window.ready = true;
</script>"""


class Files(http.server.SimpleHTTPRequestHandler):
    """The client's folder, with the page at /."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map,  # noqa: RUF012
                      ".mjs": "text/javascript"}  # fmt: skip

    def do_GET(self):
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def page_url():
    handler = functools.partial(Files, directory=str(FOLDER))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.usefixtures("node_modules")
def test_a_browser_uploads_with_progress_and_aborts(page_url, tmp_path):
    browser.executable()  # skips without Chromium
    with (
        serving(tmp_path / "log", SAMO_RUNNERS="fake", SAMO_CORS_ORIGINS=page_url) as service,
        sync_playwright() as playwright,
        browser.launch(playwright) as chromium,
    ):
        url = str(service.base_url)
        page = chromium.new_page()
        page.goto(page_url)
        page.wait_for_function("window.ready")
        page.set_input_files("input", RECORDING)
        done = page.evaluate("url => upload(url)", url)
        sent, total = done["progress"][-1]
        assert (done["seconds"], sent) == (11, total)
        assert total == RECORDING.stat().st_size
        assert page.evaluate("url => upload(url, 1)", url) == {"error": "AbortError", "code": 20}
        refused = page.evaluate("url => upload(`${url}/nowhere`)", url)
        assert refused == {"error": "ApiError", "code": "not_found"}
