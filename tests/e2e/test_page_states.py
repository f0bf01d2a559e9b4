"""The page in a real Chromium where the models do not matter: offline, refused, read out, /docs."""

from __future__ import annotations

import base64
import json
import signal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, expect, sync_playwright

from samo.audio import decode
from tests import recordings
from tests.conftest import RECORDING
from tests.e2e.browser import as_microphone, launch, visiting
from tests.e2e.conftest import serving

ENTRY = "I felt joy and gratitude today.\n\nThen came sadness, grief and a happy end."

FULL_DISK = """() => {
  IDBObjectStore.prototype.put = () => { throw new DOMException("", "QuotaExceededError"); };
}"""


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright):
    with launch(playwright) as started:
        yield started


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    log = tmp_path_factory.mktemp("page") / "log"
    with serving(log, SAMO_RUNNERS="fake") as client:
        yield address(client)


def address(client) -> str:
    # a secure context, as 127.0.0.1 is; and a name of which cookies and workers are its own
    return str(client.base_url).rstrip("/").replace("127.0.0.1", "localhost")


def write(page: Page, text: str = ENTRY) -> None:
    page.get_by_label("Write").fill(text)
    page.get_by_role("button", name="Analyse").click()


def test_without_a_connection(browser, tmp_path):
    with (
        serving(tmp_path / "log", SAMO_RUNNERS="fake") as client,
        visiting(browser, address(client)) as (page, seen),
    ):
        write(page)
        page.locator("blockquote").wait_for()
        page.evaluate("navigator.serviceWorker.ready")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        client.process.send_signal(signal.SIGTERM)
        client.process.wait(timeout=30)
        seen.expected = ("ERR_CONNECTION_REFUSED",)

        page.goto("/")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_contain_text("How are you?")
        expect(page.locator(".card")).to_contain_text("I felt joy")
        write(page, "Written on a train.")
        expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        page.goto("/#/journal")
        expect(page.locator(".card")).to_have_count(2)
        page.get_by_role("link", name="I felt joy").click()
        expect(page.locator("blockquote")).to_be_visible()


def test_a_recording_that_no_service_took_is_analysed_later(browser, base):
    with visiting(browser, base) as (page, seen):
        seen.expected = ("ERR_FAILED",)
        page.route("**/analyze/**", lambda route: route.abort())
        page.get_by_label("Choose a file").set_input_files(RECORDING)
        expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
        page.unroute("**/analyze/**")
        page.reload()
        expect(page.locator("blockquote")).to_contain_text("I felt joy for 11 seconds.")


def test_a_recording_too_long_for_a_request_is_a_job(browser, base, tmp_path):
    long = tmp_path / "long.wav"
    spoken = (decode(RECORDING.read_bytes()).samples * 32767).astype("<i2")
    long.write_bytes(recordings.wav(np.tile(spoken, 28)))
    with visiting(browser, base) as (page, seen):
        seen.expected = ("413",)  # the page does not know the length before
        jobs: list[str] = []

        def note(request: Request) -> None:
            if "/v1/jobs" in request.url:
                jobs.append(request.method)

        page.on("request", note)
        page.get_by_label("Choose a file").set_input_files(long)
        expect(page.locator("blockquote")).to_contain_text("I felt joy", timeout=60_000)
        assert jobs[:2] == ["POST", "GET"]
        assert jobs[-1] == "DELETE"


def test_a_long_recording_of_the_microphone_is_a_job(playwright, base, tmp_path):
    as_microphone(RECORDING, tmp_path / "microphone.wav")
    with (
        launch(playwright, tmp_path / "microphone.wav") as browser,
        visiting(browser, base, service_workers="block") as (page, seen),
    ):
        seen.expected = ("client_secrets", "ERR_FAILED", "Service Worker")
        page.route("**/v1/realtime/client_secrets", lambda route: route.abort())
        limits = page.request.get("/page/limits.json").json()
        shorter = {**limits, "max_audio_seconds": 1, "max_microphone_seconds": 3}
        page.route("**/page/limits.json", lambda route: route.fulfill(json=shorter))
        page.reload()
        page.get_by_role("button", name="Record").click()  # it ends after three seconds
        expect(page.locator("blockquote")).to_contain_text("I felt joy", timeout=60_000)
        assert any("/v1/jobs" in url for url in seen.requests)
        assert not any("voice-journal" in url for url in seen.requests)


def test_a_file_is_dropped(browser, base):
    with visiting(browser, base) as (page, _):
        dropped = page.evaluate_handle(
            """encoded => {
              const bytes = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
              const dropped = new DataTransfer();
              dropped.items.add(new File([bytes], "entry.flac", { type: "audio/flac" }));
              return dropped;
            }""",
            base64.b64encode(RECORDING.read_bytes()).decode(),
        )
        page.dispatch_event("main", "dragover", {"dataTransfer": dropped})
        expect(page.locator("body.dropping")).to_be_visible()
        page.dispatch_event("main", "drop", {"dataTransfer": dropped})
        expect(page.locator("blockquote")).to_contain_text("I felt joy for 11 seconds.")
        expect(page.locator("body.dropping")).to_have_count(0)


def test_a_key_is_asked_for_and_sent(browser, base):
    sent = []

    def gateway(route):
        sent.append(route.request.headers.get("authorization"))
        if sent[-1] == "Bearer right":
            route.continue_()
        else:
            error = {"code": "unauthorized", "message": "Send a valid key.", "details": {}}
            route.fulfill(status=401, json={"error": {**error, "request_id": "1"}})

    with visiting(browser, base) as (page, seen):
        seen.expected = ("401",)
        page.route("**/analyze/**", gateway)
        write(page)
        expect(page.get_by_role("dialog", name="API key")).to_contain_text("Send a valid key.")
        for key in ("wrong", "right"):
            page.get_by_label("Key", exact=True).fill(key)
            page.get_by_role("button", name="Use this key").click()
        page.locator("blockquote").wait_for()
        page.get_by_role("button", name="Analyse again").click()
        page.locator("blockquote").wait_for()
        assert sent == [None, "Bearer wrong", "Bearer right", "Bearer right"]
        assert page.evaluate("sessionStorage.getItem('samo.key')") == "right"
        assert page.evaluate("JSON.stringify(localStorage)").count("right") == 0


def test_what_cannot_be_stored_is_not_lost(browser, base):
    with visiting(browser, base) as (page, seen):
        seen.expected = ("QuotaExceededError",)
        page.evaluate(FULL_DISK)
        write(page, "Nearly lost.")
        expect(page.locator(".toast")).to_contain_text("could not store this entry")
        page.reload()
        expect(page.get_by_label("Write")).to_have_value("Nearly lost.")
        page.evaluate(FULL_DISK)
        page.get_by_label("Choose a file").set_input_files(RECORDING)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the recording").click()
        assert download.value.path().stat().st_size == RECORDING.stat().st_size


def test_silence_says_what_to_do(browser, base, tmp_path):
    silence = recordings.wav(np.zeros(3 * 16_000, "<i2"))
    (tmp_path / "silence.wav").write_bytes(silence)
    with visiting(browser, base) as (page, _):
        page.get_by_label("Choose a file").set_input_files(tmp_path / "silence.wav")
        expect(page.get_by_role("alert")).to_contain_text("No speech was found")
        page.get_by_role("button", name="Type it").click()
        page.get_by_label("Correct what was heard").fill("I felt joy.")
        page.get_by_role("button", name="Save and analyse").click()
        expect(page.locator("blockquote")).to_have_text("I felt joy.")


def test_what_is_no_recording_is_refused_and_says_what_to_send(browser, base, tmp_path):
    (tmp_path / "notes.wav").write_text("no sound at all")
    with visiting(browser, base) as (page, seen):
        seen.expected = ("415",)
        page.get_by_label("Choose a file").set_input_files(tmp_path / "notes.wav")
        expect(page.get_by_role("alert")).to_contain_text("send WAV, MP3")


def seed(page: Page) -> None:
    """Three weeks of entries, analysed, through the page's own import."""
    names = ("joy", "sadness", "anger", "gratitude", "fear", "love", "grief")
    days = page.evaluate(
        "[...Array(21).keys()].map(n => { const d = new Date(); d.setDate(d.getDate() - n);"
        " return d.toLocaleDateString('sv') })"
    )
    text = "\n".join(f"## {day} 18:30\n\nI felt {names[i % 7]}.\n" for i, day in enumerate(days))
    page.goto("/#/settings")
    page.get_by_label("Import").set_input_files(
        {"name": "old.md", "mimeType": "text/markdown", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Analyse the 21").click()
    expect(page.get_by_text("All entries are analysed.").first).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, base, theme):
    def check(view: str) -> None:
        page.wait_for_timeout(300)  # colours fade in
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert serious == [], f"{view}: {json.dumps(serious, indent=1)[:3000]}"

    with visiting(browser, base, color_scheme=theme, reduced_motion="reduce") as (page, _):
        check("empty")
        write(page)
        page.locator(".sentence").first.click()
        page.locator("mark").first.wait_for()
        page.get_by_text("How it was made").click()
        check("entry")
        page.get_by_role("button", name="Edit").click()
        check("edit")
        seed(page)
        for view in ("", "journal", "trends", "settings", "entry/none"):
            page.goto(f"/#/{view}")
            page.get_by_role("heading", level=1).wait_for()
            if view == "trends":
                page.get_by_role("heading", name="What stands out").wait_for()
            check(view)
        page.goto("/#/journal")
        page.get_by_role("button", name="Week").click()
        check("week")
        page.goto("/#/settings")
        page.get_by_role("button", name="Delete the journal").click()
        check("dialog")


def test_the_api_page_tries_routes_out(browser, base):
    with visiting(browser, base) as (page, _):
        page.goto("/docs")
        page.get_by_text("POST/predict", exact=False).first.wait_for()
        operation = page.locator("#operations-text-predict")
        operation.get_by_role("button", name="/predict").first.click()
        operation.get_by_role("button", name="Execute").click()
        live = operation.locator(".live-responses-table")
        expect(live.locator("tbody .response-col_status").first).to_contain_text("200")
        expect(live).to_contain_text("neutral")

        upload = page.locator("#operations-insight-analyze_voice_journal")
        upload.locator(".opblock-summary-control").click()
        upload.locator("input[type=file]").set_input_files(RECORDING)
        upload.get_by_role("button", name="Execute").click()
        live = upload.locator(".live-responses-table")
        expect(live.locator("tbody .response-col_status").first).to_contain_text("200")
        expect(live).to_contain_text("I felt joy for 11 seconds.")

        page.get_by_role("button", name="Authorize").click()
        page.locator("#auth-bearer-value").fill("a-key")
        page.locator(".auth-btn-wrapper .authorize").click()
        page.locator(".btn-done").click()
        with page.expect_request("**/predict") as request:
            operation.get_by_role("button", name="Execute").click()
        assert request.value.headers["authorization"] == "Bearer a-key"
