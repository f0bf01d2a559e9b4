"""The page in a real Chromium, with a real `samo serve` and the real models."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import ROOT
from tests.e2e.browser import as_microphone, launch, visiting

pytestmark = pytest.mark.models

DIARY = ROOT / "tests" / "data" / "diary.flac"
AFRAID = "librispeech_test-other/1688/1688-142285-0007.flac"
ENTRY = (
    "My cousins came to visit today and I was so happy that I cried.\n\n"
    "We cooked dinner and talked about the weather. Now they are gone and I miss them terribly."
)
# Pixels from the highest to the lowest of a canvas that are drawn.
TALLEST_BAR = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const drawn = [...Array(height).keys()].filter((y) =>
    data.slice(y * width * 4, (y + 1) * width * 4).some((value) => value > 0));
  return drawn.at(-1) - drawn[0];
}"""
ANALYSED = 90_000  # milliseconds; recordings take a while beside other work


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright):
    with launch(playwright) as started:
        yield started


@pytest.fixture
def base(server):
    return str(server.base_url).rstrip("/").replace("127.0.0.1", "localhost")


@pytest.fixture
def visit(browser, base):
    with visiting(browser, base) as visited:
        yield visited


@pytest.fixture
def page(visit):
    return visit[0]


def write(page: Page, text: str = ENTRY) -> None:
    page.get_by_label("Write").fill(text)
    page.get_by_role("button", name="Analyse").click()
    page.locator("blockquote").wait_for(timeout=ANALYSED)


def upload(page: Page) -> None:
    page.get_by_label("Choose a file").set_input_files(DIARY)
    page.locator("blockquote").wait_for(timeout=ANALYSED)


def sentence(page: Page, words: str):
    return page.locator(".sentence", has_text=words)


def test_a_recording_from_the_microphone(playwright, base, speech_data, tmp_path):
    seconds = as_microphone(speech_data / AFRAID, tmp_path / "microphone.wav")
    with (
        launch(playwright, tmp_path / "microphone.wav") as browser,
        visiting(browser, base) as (page, seen),
    ):
        # Chromium's fake microphones, once it has listed them
        page.get_by_label("Microphone").locator("option").nth(1).wait_for(state="attached")
        page.get_by_role("button", name="Record").click()
        timer = page.get_by_role("timer")
        page.wait_for_timeout(seconds * 1000 + 500)
        assert page.locator("canvas.meter").evaluate(TALLEST_BAR) > 30  # it shows the level
        assert int(timer.inner_text().split(":")[1]) <= 12
        # the transcript appears before the recording has ended
        expect(page.locator(".heard")).to_contain_text(re.compile("afraid", re.I), timeout=ANALYSED)
        page.get_by_role("button", name="Pause").click()
        paused = timer.inner_text()
        page.wait_for_timeout(1500)
        assert timer.inner_text() == paused
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Done").click()
        page.locator("blockquote").wait_for(timeout=ANALYSED)
        assert not any("voice-journal" in url for url in seen.requests)  # nothing is uploaded
        heard = page.locator(".transcript").inner_text().lower()
        assert "very much afraid of showing him how much" in heard
        assert page.locator(".bars").last.locator(".name").all_inner_texts()[0] == "fear"
        # it was kept with its entry, and is heard again
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("button", name="Stop")).to_be_visible()


def test_without_a_live_transcript_the_recording_is_uploaded(playwright, base, tmp_path):
    as_microphone(DIARY, tmp_path / "microphone.wav")
    with (
        launch(playwright, tmp_path / "microphone.wav") as browser,
        visiting(browser, base) as (page, seen),
    ):
        seen.expected = ("client_secrets", "ERR_FAILED")
        page.route("**/v1/realtime/client_secrets", lambda route: route.abort())
        page.get_by_role("button", name="Record").click()
        page.wait_for_timeout(4000)
        page.get_by_role("button", name="Done").click()
        page.locator("blockquote").wait_for(timeout=ANALYSED)
        assert "cousins" in page.locator(".transcript").inner_text()
        assert any("voice-journal" in url for url in seen.requests)


def test_a_file_and_the_arc_over_it(page):
    upload(page)
    assert "happy that I cried" in page.locator(".transcript").inner_text()
    sentence(page, "miss them").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()  # its seconds are played
    expect(page.locator(".detail")).to_contain_text("sadness")
    expect(page.locator(".detail h3")).to_have_text(re.compile(r"0:0\d – 0:1\d"))
    expect(sentence(page, "miss them").locator("mark", has_text="miss")).to_be_visible()
    page.get_by_text("How it was made").click()
    expect(page.get_by_role("row", name="Transcription")).to_contain_text(re.compile(r"\d ms"))
    expect(page.locator(".made")).to_contain_text("English")


def test_a_corrected_transcript_keeps_its_times(page):
    upload(page)
    page.get_by_role("button", name="Correct").click()
    field = page.get_by_label("Correct what was heard")
    field.fill(field.input_value().replace("terribly", "awfully, and I am angry"))
    page.get_by_role("button", name="Save and analyse").click()
    sentence(page, "I am angry").click(timeout=ANALYSED)
    expect(page.locator(".detail h3")).to_have_text(re.compile(r"0:0\d – 0:1\d"))
    page.reload()
    expect(sentence(page, "I am angry")).to_be_visible()


def test_by_keyboard_only(page):
    def tab_to(name: str, limit: int = 30) -> None:
        for _ in range(limit):
            page.keyboard.press("Tab")
            if page.evaluate(
                "name => { const e = document.activeElement;"
                "return (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent"
                " ?? e.textContent).trim().startsWith(name) }",
                name,
            ):
                return
        pytest.fail(f"{name} is not reached by Tab")

    tab_to("Write")
    page.keyboard.type("I am so proud of my sister! She passed her exam.")
    tab_to("Analyse")
    page.keyboard.press("Enter")
    page.locator("blockquote").wait_for(timeout=ANALYSED)
    tab_to("I am so proud")
    page.keyboard.press("Enter")
    expect(page.locator(".detail")).to_contain_text("pride")
    page.locator("body").press("Home")
    tab_to("Journal")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    today = page.evaluate("new Date().getDate()")
    tab_to(page.locator(".day[aria-current]").get_attribute("aria-label"))
    page.keyboard.press("ArrowLeft" if today > 1 else "ArrowRight")
    moved = page.evaluate("document.activeElement.querySelector('.number').textContent")
    assert int(moved) == (today - 1 if today > 1 else 2)
    page.keyboard.press("ArrowRight" if today > 1 else "ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="proud of my sister")).to_be_visible()


def test_the_journal(page, tmp_path):
    upload(page)
    page.goto("/#/")
    write(page, "I am furious about the noise of the building site.")
    page.goto("/#/journal")
    expect(page.locator(".day.full")).to_have_count(1)
    expect(page.locator(".card")).to_have_count(2)
    page.get_by_label("Search").fill("furious noise")
    expect(page.get_by_text("1 entry found")).to_be_visible()
    page.get_by_label("Search").fill("sadness")
    expect(page.locator(".card:visible")).to_contain_text("cousins")
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="Week").click()
    expect(page.locator(".column.now .card")).to_have_count(2)

    page.goto("/#/settings")
    files = {}
    for kind in ("JSON", "Markdown"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Export as {kind}").click()
        files[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[kind])
    exported = json.loads(files["JSON"].read_text(encoding="utf-8"))
    assert [entry["kind"] for entry in exported["entries"]] == ["typed", "spoken"]
    markdown = files["Markdown"].read_text(encoding="utf-8")
    assert markdown.count("\n## ") == 2
    assert "I am furious about the noise" in markdown

    page.get_by_role("button", name="Delete the journal").click()
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_text("The journal is deleted.")).to_be_visible()
    expect(page.get_by_role("button", name="Analyse")).to_be_visible()
    page.goto("/#/journal")
    expect(page.get_by_text("Your journal is empty.")).to_be_visible()
    page.goto("/#/settings")
    page.get_by_label("Import").set_input_files(files["JSON"])
    expect(page.get_by_text("2 entries were added.")).to_be_visible()
    page.get_by_label("Import").set_input_files(files["JSON"])
    expect(page.get_by_text("0 entries were added, 2 were there already.")).to_be_visible()
    page.goto("/#/journal")
    page.get_by_role("link", name="cousins").click()
    page.get_by_role("button", name="Play").click()  # the recording came along
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".card:visible")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("blockquote")).to_contain_text("cousins")

    page.goto("/#/settings")
    page.get_by_label("Import").set_input_files(files["Markdown"])
    expect(page.get_by_text("2 entries were added.")).to_be_visible()
    page.get_by_role("button", name="Analyse the 2 that are new").click()
    expect(page.get_by_text("All entries are analysed.").first).to_be_visible(timeout=ANALYSED)


def test_a_phone(browser, base, playwright):
    with visiting(browser, base, **playwright.devices["iPhone 13"]) as (page, _):
        write(page)
        sentence(page, "miss them").tap()
        expect(page.locator("mark").first).to_be_visible()
        for view in ("journal", "trends", "settings", ""):
            page.goto(f"/#/{view}")
            page.get_by_role("heading", level=1).wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
            below = page.get_by_role("navigation").evaluate(
                "bar => innerHeight - bar.getBoundingClientRect().bottom"
            )
            assert below == pytest.approx(0, abs=1)  # within reach of the thumb
            small = page.locator("nav a, main button, main a.button").evaluate_all(
                "all => all.filter(e => e.checkVisibility()"
                " && Math.min(e.offsetHeight, e.offsetWidth) < 34).map(e => e.outerHTML)"
            )
            assert small == []


def test_a_microphone_that_is_not_allowed(page):
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("Allow it|Connect one"))
