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
from samo_client import Samo

from tests.client_libraries.conftest import DIARY
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
def test_its_own_tests(service_url, limited, samples, tmp_path):
    node = Path(os.environ.get("VIRTUAL_ENV", ROOT / ".venv")) / "bin"
    (tmp_path / "samples.raw").write_bytes(samples)
    limited_url, limited_key = limited
    environment = {
        **os.environ,
        "PATH": f"{node}:{os.environ['PATH']}",
        "SAMO_URL": service_url,
        "SAMO_LIMITED_URL": limited_url,
        "SAMO_LIMITED_KEY": limited_key,
        "SAMPLES": str(tmp_path / "samples.raw"),
    }
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
window.listen = async (baseUrl, token, source, seconds) => {
  const microphone = source ?? (await navigator.mediaDevices.getUserMedia({ audio: true }));
  const session = await new Samo({ baseUrl }).live({ token });
  const types = [];
  if (seconds) setTimeout(() => session.finish(), seconds * 1000);
  for await (const { type } of session.stream(microphone)) types.push(type);
  return { types, text: session.text, insight: session.insight?.transcription.text };
};
window.listenToFile = (baseUrl, token) =>
  listen(baseUrl, token, document.querySelector("input").files[0]);
window.refused = (baseUrl) =>
  new Samo({ baseUrl, maxRetries: 0 }).live().catch(({ name, message }) => ({ name, message }));
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
def test_a_browser_uploads_aborts_and_speaks_live(page_url, tmp_path):
    browser.executable()  # skips without Chromium
    browser.as_microphone(DIARY, tmp_path / "microphone.wav")
    with (
        serving(tmp_path / "log", SAMO_RUNNERS="fake", SAMO_CORS_ORIGINS=page_url) as service,
        sync_playwright() as playwright,
        browser.launch(playwright, tmp_path / "microphone.wav") as chromium,
    ):
        url = str(service.base_url).rstrip("/")
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

        with Samo(url) as samo:
            token = samo.live_token(seconds=60).value
        page.set_input_files("input", DIARY)
        for call in ("listenToFile(url, token)", "listen(url, token, null, 6)"):
            heard = page.evaluate(f"([url, token]) => {call}", [url, token])
            assert {"speech_started", "text", "turn", "emotions"} <= set(heard["types"])
            assert heard["types"][-1] == "insight"
            assert heard["text"] == heard["insight"] != ""
        # a browser tells no reason, so that the message names what to look at
        refused = page.evaluate("refused('http://127.0.0.1:9')")
        assert refused["name"] == "ConnectionFailed"
        assert "samo serve" in refused["message"]
        assert "SAMO_CORS_ORIGINS" in refused["message"]
