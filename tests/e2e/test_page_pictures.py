"""Takes the pictures of the page for README.md and docs/page.md: `make pictures`."""

from __future__ import annotations

import datetime

import pytest
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.conftest import ROOT
from tests.e2e.browser import as_microphone, launch, visiting
from tests.e2e.test_page import ANALYSED, DIARY, sentence

pytestmark = pytest.mark.models

PICTURES = ROOT / "docs" / "pictures"
SCREEN = ViewportSize(width=1180, height=820)
TALL_SCREEN = ViewportSize(width=1180, height=1150)
PHONE = ViewportSize(width=390, height=800)

DAYS = (
    "The sun came out at last and I walked along the river all morning. I felt calm and light.",
    "My manager moved the deadline again without asking anyone. I am fed up with this.",
    "Ana passed her driving test! I am so proud of her. We danced in the kitchen.",
    "Could not sleep. I keep worrying about the results from the hospital.",
    "The results are fine. I am so relieved that I cried in the car park.",
    "Thank you to the stranger who gave me her umbrella. Small things carry me.",
    "Worked late, ate cold pasta, too tired to think.",
    "It is a year since Grandpa died. I miss his voice and his terrible jokes.",
    "We booked the trip to the mountains. I can hardly wait for the spring!",
    "The neighbours were drilling again at seven. I shouted at them and regret it now.",
    "A quiet Sunday. Bread in the oven, rain on the window, nothing to do.",
    "There is too much on my plate: the move, the tax, the exam. I do not know where to start.",
    "I started with one box. It helped, and tomorrow looks possible.",
    "Old friends, long table, loud laughter. I love these people.",
)


@pytest.fixture(autouse=True)
def _only_when_asked(request):
    if not request.config.getoption("--pictures"):
        pytest.skip("takes pictures for the docs: `make pictures`")


def seed(page: Page) -> None:
    """Entries of the last weeks, by the page's own import, analysed by the real models."""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    skipped = {2, 7, 11, 16}
    days = [n for n in range(1, len(DAYS) + len(skipped) + 1) if n not in skipped]
    markdown = "\n".join(
        f"## {today - datetime.timedelta(days=ago)} {8 + ago % 13:02}:15\n\n{text}\n"
        for ago, text in zip(days, reversed(DAYS), strict=True)
    )
    page.goto("/#/settings")
    page.get_by_label("Import").set_input_files(
        {"name": "journal.md", "mimeType": "text/markdown", "buffer": markdown.encode()}
    )
    page.get_by_role("button", name=f"Analyse the {len(DAYS)}").click()
    expect(page.get_by_text("All entries are analysed.").first).to_be_visible(timeout=ANALYSED)


def take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(600)  # charts and fades
    page.screenshot(path=PICTURES / f"page-{name}.png")


# Most systems' own font looks more like Inter than like that of a bare Debian.
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include>/etc/fonts/fonts.conf</include>
<match><test name="family"><string>sans-serif</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
</fontconfig>"""


def test_pictures(server, tmp_path, monkeypatch):
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(FONTS, encoding="utf-8")
    monkeypatch.setenv("FONTCONFIG_FILE", str(fonts))
    base = str(server.base_url).rstrip("/").replace("127.0.0.1", "localhost")
    as_microphone(DIARY, tmp_path / "microphone.wav")
    with (
        sync_playwright() as playwright,
        launch(playwright, tmp_path / "microphone.wav") as browser,
    ):
        with visiting(
            browser, base, viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True,
            color_scheme="dark",
        ) as (page, _):  # fmt: skip
            seed(page)
            page.goto("/#/journal")
            take(page, "phone")
        with visiting(browser, base, viewport=SCREEN) as (page, _):
            seed(page)
            page.goto("/#/")
            page.get_by_role("button", name="Record").click()
            page.wait_for_timeout(6500)
            take(page, "recording")
            page.get_by_role("button", name="Discard").click()
            page.get_by_label("Choose a file").set_input_files(DIARY)
            page.locator("blockquote").wait_for(timeout=ANALYSED)
            sentence(page, "miss them").click()
            page.locator("mark").first.wait_for()
            page.get_by_role("button", name="Play").wait_for()  # it has played to its end
            page.set_viewport_size(TALL_SCREEN)
            page.evaluate("scrollTo(0, 0)")
            take(page, "entry")
            page.set_viewport_size(SCREEN)
            page.goto("/#/journal")
            take(page, "journal")
            page.goto("/docs")
            page.locator(".opblock").first.wait_for()
            take(page, "docs")
