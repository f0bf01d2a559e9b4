"""@samo/elements, @samo/react and @samo/vue: their own tests, and their examples in a real browser.

The examples have a Content-Security-Policy that allows nothing but their own files and the service.
`tests/e2e/test_component_readmes.py` follows the READMEs with the real models.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Playwright, Route, expect, sync_playwright

from tests.conftest import RECORDING, ROOT
from tests.e2e import browser
from tests.e2e.conftest import serving

CLIENTS = ROOT / "clients"
FRAMEWORKS = ("react", "vue")
ANSWERED = 30_000  # milliseconds
# Remember the tracks of the microphone, to see whether they were stopped.
TRACKS = """() => {
  if (!navigator.mediaDevices) return; // the empty page before
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}"""


@pytest.fixture(scope="module")
def built() -> None:
    subprocess.run([ROOT / "scripts/components"], check=True, timeout=300)


@pytest.mark.usefixtures("built")
def test_their_own_tests():
    """Vitest with React 18 and 19 and Vue 3.4 and 3.5; Node.js renders them as a server does."""
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["npm", "test", "--prefix", CLIENTS, "--silent"],
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for project in ("elements", "react 18", "react 19", "vue 3.4", "vue 3.5"):
        assert f"|{project}|" in done.stdout


class Files(http.server.SimpleHTTPRequestHandler):
    """The built examples: /react/dist/ and /vue/dist/."""

    policy = "default-src 'self'; img-src data:"

    def end_headers(self):
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def addresses(built, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """The address of the examples, and of a service that allows them."""
    browser.executable()  # skips without Chromium
    handler = functools.partial(Files, directory=str(CLIENTS / "examples"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site = f"http://localhost:{server.server_port}"
        log = tmp_path_factory.mktemp("components") / "log"
        with serving(log, SAMO_RUNNERS="fake", SAMO_CORS_ORIGINS=site) as service:
            url = str(service.base_url).rstrip("/")
            Files.policy = f"default-src 'self'; img-src data:; connect-src {url}"
            yield site, url
        server.shutdown()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(playwright, tmp_path_factory) -> Iterator[Browser]:
    microphone = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    browser.as_microphone(Path(RECORDING), microphone)
    with browser.launch(playwright, microphone) as started:
        yield started


@contextmanager
def visiting(
    chromium: Browser,
    addresses: tuple[str, str],
    framework: str = "react",
    entries: list[Any] | None = None,
    expected: tuple[str, ...] = (),
    **context: Any,
) -> Iterator[Page]:
    """An example in a new profile; its requests and complaints are checked at the end."""
    site, service = addresses
    requests: list[str] = []
    complaints: list[str] = []
    profile = chromium.new_context(permissions=["microphone"], locale="en-GB", **context)
    profile.add_init_script(f"({TRACKS})()")
    if entries is not None:
        kept = json.dumps(json.dumps(entries))
        profile.add_init_script(
            f"window.origin === 'null' || localStorage.setItem('samo-example-entries', {kept})"
        )
    profile.on("request", lambda request: requests.append(request.url))
    profile.on("weberror", lambda error: complaints.append(str(error.error)))
    page = profile.new_page()
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.goto(f"{site}/{framework}/dist/index.html?service={service}")
    page.get_by_role("heading", level=1).wait_for()
    try:
        yield page
    finally:
        profile.close()
    assert [url for url in requests if not url.startswith((site, service, "blob:", "data:"))] == []
    assert [one for one in complaints if not any(part in one for part in expected)] == []


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def left_and_width(locator: Locator) -> list[float]:
    box: list[float] = locator.evaluate(
        "element => { const { left, width } = element.getBoundingClientRect();"
        "return [left, width] }"
    )
    return box


def record(page: Page, milliseconds: int = 1500) -> None:
    button(page, "Record").click()
    button(page, "Stop").wait_for()
    page.wait_for_timeout(milliseconds)
    button(page, "Stop").click()


def refuse(status: int, headers: dict[str, str] | None = None):
    """A handler of the browser's requests that answers as the service refuses."""

    def answer(route: Route) -> None:
        error = {"code": f"code_{status}", "message": f"Refused with {status}.", "details": {}}
        route.fulfill(
            status=status,
            headers={
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Retry-After",
                **(headers or {}),
            },
            json={"error": {**error, "request_id": None}},
        )

    return answer


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_from_the_microphone_to_the_calendar(chromium, addresses, framework):
    with visiting(chromium, addresses, framework) as page:
        expect(page.get_by_text("There are no emotions to show.")).to_be_visible()
        button(page, "Record").dblclick()  # the second click must not stop it
        page.wait_for_timeout(1200)
        assert left_and_width(page.locator(".level > div"))[1] > 20  # it shows the level
        button(page, "Pause").click()
        paused = page.get_by_role("timer").inner_text()
        page.wait_for_timeout(1100)
        assert page.get_by_role("timer").inner_text() == paused
        button(page, "Resume").click()
        page.wait_for_timeout(500)
        button(page, "Stop").click()
        expect(page.get_by_role("blockquote")).to_contain_text("seconds", timeout=ANSWERED)
        expect(page.get_by_role("status").first).to_have_text("Done")
        assert page.evaluate("tracks.map((track) => track.readyState)") == ["ended"]
        chart = page.locator("samo-emotion-arc").get_by_role("img")
        expect(chart).to_have_accessible_name(re.compile("Chart of .*joy.* is highest in sentence"))
        page.get_by_text("Show as a table").click()
        expect(page.locator("samo-emotion-arc").get_by_role("row").nth(1)).to_contain_text("joy")
        today = page.locator("[aria-current=date]")
        expect(today).to_have_accessible_name(re.compile("1 entry, mostly "))
        today.click()
        expect(today).to_have_attribute("aria-pressed", "true")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_removed_while_it_records_and_while_it_sends(chromium, addresses, framework):
    with visiting(chromium, addresses, framework) as page:
        button(page, "Record").click()
        button(page, "Stop").wait_for()
        button(page, "Close the recorder").click()
        assert page.evaluate("tracks.map((track) => track.readyState)") == ["ended"]
        button(page, "Open the recorder").click()
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.route("**/analyze/**", lambda route: None)  # no answer
        record(page)
        button(page, "Cancel").wait_for()
        button(page, "Close the recorder").click()
        expect(page.get_by_role("blockquote")).to_have_count(0)
        page.wait_for_timeout(200)
        assert [url.rpartition("/")[2] for url in failed] == ["voice-journal"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_user_interface_of_ones_own(chromium, addresses, framework):
    with visiting(chromium, addresses, framework) as page:
        button(page, "Test the microphone").click()
        button(page, "End the test").wait_for()
        page.wait_for_timeout(1500)  # half a second of silence, then speech
        assert page.get_by_role("meter").evaluate("meter => meter.value") > 0.02
        button(page, "End the test").click()
        expect(page.get_by_text("bytes of audio/webm")).to_be_visible()


def test_the_service_is_down_and_comes_back(chromium, addresses):
    with visiting(chromium, addresses, expected=("ERR_FAILED",)) as page:
        page.route("**/analyze/**", lambda route: route.abort())
        record(page)
        alert = page.get_by_role("alert").filter(has_text="The service cannot be reached")
        expect(alert).to_be_visible(timeout=ANSWERED)
        page.unroute("**/analyze/**")
        button(page, "Send again").click()
        expect(page.get_by_role("blockquote")).to_contain_text("seconds", timeout=ANSWERED)
        expect(alert).to_be_hidden()


@pytest.mark.parametrize(("status", "again"), [(401, True), (413, False), (500, True)])
def test_a_refusal_is_shown(chromium, addresses, status, again):
    with visiting(chromium, addresses, expected=(str(status),)) as page:
        page.route("**/analyze/**", refuse(status))
        record(page, 300)
        expect(page.get_by_text(f"Refused with {status}.")).to_be_visible(timeout=ANSWERED)
        expect(button(page, "Send again")).to_have_count(int(again))


def test_too_many_requests_the_button_waits(chromium, addresses):
    with visiting(chromium, addresses, expected=("429",)) as page:
        page.route("**/analyze/**", refuse(429, {"Retry-After": "6"}))
        record(page)
        waiting = page.get_by_role("button", name=re.compile(r"Send again \(in \d s\)"))
        expect(waiting).to_have_attribute("aria-disabled", "true", timeout=ANSWERED)
        page.unroute("**/analyze/**")
        button(page, "Send again").click(timeout=ANSWERED)
        expect(page.get_by_role("blockquote")).to_be_visible(timeout=ANSWERED)


def test_by_keyboard_and_without_motion(chromium, addresses):
    with visiting(chromium, addresses, reduced_motion="reduce") as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(button(page, "Stop")).to_be_focused()
        assert page.locator(".dot").evaluate("dot => dot.getAnimations().length") == 0
        page.emulate_media(reduced_motion="no-preference")
        assert page.locator(".dot").evaluate("dot => dot.getAnimations().length") == 1
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # Discard
        expect(button(page, "Record")).to_be_focused()


ENTRIES = [
    {"date": "2026-03-29T00:59:59Z", "moods": {"calm": 0.8}},  # one second before 03:00
    {"date": "2026-03-29T21:59:59Z", "moods": {"calm": 0.8}},  # 23:59:59 on the same day
]


def test_a_calendar_of_one_day_when_clocks_change_from_right_to_left(chromium, addresses):
    entries = [{**entry, "insight": {"arc": [], "emotion_analysis": None}} for entry in ENTRIES]
    with visiting(chromium, addresses, entries=entries, timezone_id="Europe/Berlin") as page:
        days = page.locator("[data-day]")
        expect(days).to_have_count(31)
        day = page.locator("[data-day='2026-03-29']")
        expect(day).to_have_accessible_name(re.compile("29 March 2026: 2 entries, mostly calm"))
        page.evaluate("document.documentElement.dir = 'rtl'")
        heads = page.locator("samo-mood-calendar th")
        assert left_and_width(heads.first) > left_and_width(heads.last)
        day.focus()
        page.keyboard.press("ArrowLeft")  # forward
        expect(page.locator("[data-day='2026-03-30']")).to_be_focused()
        page.keyboard.press("PageDown")
        expect(page.locator("[data-day='2026-04-30']")).to_be_focused()


def test_a_phone(chromium, addresses):
    with visiting(chromium, addresses, viewport={"width": 320, "height": 700}) as page:
        button(page, "Record").click()
        button(page, "Stop").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--use-fake-device-for-media-stream"], "The microphone is not allowed."),
        ([], "No microphone was found."),
    ],
    ids=["denied", "none"],
)
def test_a_microphone_that_cannot_be_used(playwright, addresses, flags, reason):
    with playwright.chromium.launch(
        executable_path=browser.executable(), args=["--no-sandbox", *flags]
    ) as chromium:
        page = chromium.new_context().new_page()
        page.goto(f"{addresses[0]}/vue/dist/index.html")
        button(page, "Record").click()
        expect(page.get_by_role("alert").filter(has_text=reason)).to_be_visible()
        expect(button(page, "Record")).to_be_visible()
