"""Takes the picture of the components for docs/components.md: `make pictures`."""

from __future__ import annotations

import datetime
import functools
import http.server
import json
import threading

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import ROOT
from tests.e2e.browser import as_microphone, launch
from tests.e2e.conftest import serving
from tests.e2e.test_page import ANALYSED, DIARY
from tests.e2e.test_page_pictures import DAYS, FONTS, PICTURES

pytestmark = pytest.mark.models


@pytest.fixture(autouse=True)
def _only_when_asked(request):
    if not request.config.getoption("--pictures"):
        pytest.skip("takes a picture for the docs: `make pictures`")


def test_picture(tmp_path, monkeypatch):
    """The example with React: a journal of the real models, and a new entry that is recorded."""
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(FONTS, encoding="utf-8")
    monkeypatch.setenv("FONTCONFIG_FILE", str(fonts))
    as_microphone(DIARY, tmp_path / "microphone.wav")
    folder = ROOT / "clients/examples/react/dist"
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        site = f"http://localhost:{files.server_port}"
        with (
            serving(tmp_path / "log", SAMO_CORS_ORIGINS=site) as service,
            sync_playwright() as playwright,
            launch(playwright, tmp_path / "microphone.wav") as browser,
        ):
            journal = []
            for number, text in enumerate(DAYS):
                day = datetime.date(2026, 3, 2) + datetime.timedelta(days=number + number // 3)
                insight = service.post("/analyze/journal", json={"text": text}).json()
                journal.append({"date": f"{day}T20:15+00:00", "insight": insight})
            profile = browser.new_context(
                permissions=["microphone"], locale="en-GB", device_scale_factor=1.5,
                viewport={"width": 780, "height": 1070},
            )  # fmt: skip
            kept = json.dumps(json.dumps(journal))
            profile.add_init_script(
                f"window.origin === 'null' || localStorage.setItem('samo-example-entries', {kept})"
            )
            page = profile.new_page()
            page.clock.set_system_time(datetime.datetime(2026, 3, 20, 20, 15, tzinfo=datetime.UTC))
            page.goto(f"{site}/index.html?service={str(service.base_url).rstrip('/')}")
            page.get_by_role("button", name="Record", exact=True).click()
            page.wait_for_timeout(11_500)
            page.get_by_role("button", name="Stop", exact=True).click()
            expect(page.get_by_text("Done")).to_be_visible(timeout=ANALYSED)
            page.get_by_role("button", name="Record", exact=True).click()
            page.wait_for_timeout(6000)
            page.screenshot(path=PICTURES / "components.png")
        files.shutdown()
