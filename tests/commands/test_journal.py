"""`samo journal`: folders and exports become a report that is safe to open."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from datetime import date, time

import pytest

from samo import cli
from samo.journal import dates, palette
from samo.journal.entries import UnreadableJournal
from samo.journal.sources import read_journal
from tests.conftest import RECORDING, ROOT

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def diary(tmp_path):
    folder = tmp_path / "My <diary>"
    (folder / "2026/02").mkdir(parents=True)
    (folder / ".obsidian").mkdir()
    (folder / "2026-01-31.md").write_text(f"# Saturday\nI am so happy. {SCRIPT} I love it.")
    (folder / "2026/02/01 21-30.md").write_text("I am sad and angry.")
    (folder / f"{SCRIPT.replace('/', '')}.md").write_text(
        "---\ndate: 2026-02-03\n---\nI was afraid."
    )
    (folder / "no date.md").write_text("A list of books.")
    (folder / "2026-02-02.png").write_bytes(b"\x89PNG")
    (folder / ".obsidian" / "2026-02-05.md").write_text("A setting.")
    shutil.copy(RECORDING, folder / "2026-02-04.flac")
    return folder


@pytest.fixture
def day_one(tmp_path, recording):
    md5 = hashlib.md5(recording).hexdigest()
    entries = [
        {"creationDate": "2026-03-01T23:30:00Z", "timeZone": "Europe/Berlin",
         "text": "# Night\n\nI miss him\\. It hurts\\."},
        {"creationDate": "2026-03-02T08:30:00Z", "timeZone": "nowhere",
         "text": "![](dayone-moment:/audio/X)", "audios": [{"md5": md5, "format": "flac"}]},
        {"creationDate": "2026-03-03T08:30:00Z", "isAllDay": True, "text": "I am proud."},
        {"creationDate": "yesterday", "text": "I am proud."},
        {"creationDate": "2026-03-03T08:30:00Z", "audios": [{"md5": "../../x", "format": "m4a"}]},
        {"creationDate": "2026-03-03T08:30:00Z"},
        "not an entry",
    ]  # fmt: skip
    path = tmp_path / "Export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Journal.json", json.dumps({"metadata": {}, "entries": entries}))
        archive.writestr(f"audios/{md5}.flac", recording)
        archive.writestr("photos/x.jpeg", b"\xff\xd8")
    return path


def run(capsys, *arguments):
    status = cli.main(["journal", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_folder_becomes_one_report(diary, tmp_path, capsys):
    report = tmp_path / "report.html"
    status, out, err = run(capsys, diary, "-o", report)
    assert (status, out) == (0, "")
    assert "Skipped (1 .png, 1 without a date)." in err
    html = report.read_text()
    assert re.findall(r'id="day-([\d-]+)"', html) == [
        "2026-02-04", "2026-02-03", "2026-02-01", "2026-01-31",
    ]  # fmt: skip
    assert "21:30" in html
    assert ("January 2026" in html, "February 2026" in html) == (True, True)
    assert report.stat().st_mode & 0o077 == 0


def test_a_report_runs_no_script_and_loads_nothing(diary, capsys):
    status, html, _ = run(capsys, diary, "-o", "-")
    assert status == 0
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html  # in a sentence, in the heading and in a title
    assert "My &lt;diary&gt;" in html
    assert not re.search(r"(src|href|url)\s*[=(]\s*(?!['\"]?#)", html)
    assert "default-src 'none'" in html


def test_the_text_can_be_left_out(diary, capsys):
    _, html, _ = run(capsys, diary, "-o", "-", "--no-text")
    assert "so happy" not in html
    assert "alert" not in html
    assert "joy" in html


def test_files_without_a_date_on_request(diary, capsys):
    assert len(read_journal(diary).entries) == 4
    assert len(read_journal(diary, undated=True).entries) == 5
    _, _, err = run(capsys, diary, "-o", "-", "--undated", "modified")
    assert "without a date" not in err


def test_a_service_computes_the_same_report(diary, capsys, service_url):
    here = run(capsys, diary, "-o", "-")
    assert run(capsys, diary, "-o", "-", "--url", service_url) == here


def test_day_one(day_one):
    journal = read_journal(day_one)
    assert [(one.day, one.clock, one.text is None) for one in journal.entries] == [
        (date(2026, 3, 2), time(0, 30), False),
        (date(2026, 3, 2), time(8, 30), True),
        (date(2026, 3, 3), None, False),
        (date(2026, 3, 3), time(8, 30), True),
    ]
    assert journal.skipped == {"without text or date": 3}


def test_recordings_of_an_export_are_transcribed(day_one, capsys):
    status, html, err = run(capsys, day_one, "-o", "-")
    assert status == 5
    assert "11 seconds" in html  # the fake transcript of the recording
    assert "Journal.json, entry 5: The recording is missing." in err


def test_an_unpacked_export_and_its_file(day_one, tmp_path):
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(day_one).extractall(folder)
    (tmp_path / "x.m4a").write_bytes(b"outside of the export")
    sources = [folder, folder / "Journal.json"]
    for journal in map(read_journal, sources):
        assert len(journal.entries) == 4
        _, recording, _, outside = [one.read_recording for one in journal.entries]
        assert recording is not None
        assert recording().startswith(b"fLaC")
        assert outside is not None
        with pytest.raises(OSError, match=r"x\.m4a"):
            outside()


def test_journiv_of_every_version(tmp_path):
    old = {"content": "I was calm.", "entry_datetime_utc": "2025-01-01T10:00:00Z"}
    newer = {
        "content_delta": {"ops": [{"insert": "I was proud."}, {"insert": {"image": "x"}}]},
        "entry_date": "2025-06-01",
    }
    moment = {
        "logged_at_utc": "2026-01-01T02:00:00Z",
        "logged_timezone": "America/New_York",
        "entry": {"title": "T", "content_plain_text": "I was afraid."},
    }
    draft = {**old, "is_draft": True}
    path = tmp_path / "data.json"
    path.write_text(
        json.dumps({"journals": [{"entries": [old, newer, draft]}], "moments": [moment, {}]})
    )
    journal = read_journal(path)
    assert [(one.day.isoformat(), one.title, one.text) for one in journal.entries] == [
        ("2025-01-01", None, "I was calm."),
        ("2025-06-01", None, "I was proud."),
        ("2025-12-31", "T", "I was afraid."),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", b"{"), ("x.json", b"[1]"), ("x.json", b'{"entries": 7}'),
        ("x.zip", b"PK\x05\x06" + bytes(18)), ("x.zip", b"PK\x03\x04broken"), ("x.docx", b"text"),
    ],
)  # fmt: skip
def test_what_is_no_journal(name, content, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableJournal):
        read_journal(tmp_path / name)
    status, _, err = run(capsys, tmp_path / name)
    assert (status, err.count("\n")) == (2, 1)


def test_nothing_to_analyse(tmp_path, capsys):
    status, _, err = run(capsys, tmp_path, "-o", "-")
    assert (status, "There is nothing to analyse" in err) == (2, True)


def test_entries_that_cannot_be_used_are_listed(diary, capsys):
    (diary / "2026-02-06.md").write_text("word " * 5000)
    status, html, err = run(capsys, diary, "-o", "-")
    assert status == 5
    assert "2026-02-06.md" in err
    assert "2026-02-06.md" in html


def test_only_a_report_is_replaced(diary, tmp_path, capsys):
    other = tmp_path / "other.html"
    other.write_text("mine")
    status, _, err = run(capsys, diary, "-o", other)
    assert (status, "is not a report" in err, other.read_text()) == (2, True, "mine")
    report = tmp_path / "report.html"
    assert [run(capsys, diary, "-o", report)[0] for _ in range(2)] == [0, 0]


def test_a_service_that_is_gone_ends_the_command(diary, capsys):
    status, _, err = run(capsys, diary, "-o", "-", "--url", "http://127.0.0.1:9")
    assert (status, "cannot be reached" in err) == (4, True)


@pytest.mark.parametrize(
    ("path", "when"),
    [
        ("2026-01-31", (date(2026, 1, 31), None)),
        ("2026_01_31", (date(2026, 1, 31), None)),
        ("20260131", (date(2026, 1, 31), None)),
        ("journal/2026/01/31", (date(2026, 1, 31), None)),
        ("2025/2026-01-31 2130", (date(2026, 1, 31), time(21, 30))),
        ("Recording 2026-01-31 21.30.59", (date(2026, 1, 31), time(21, 30))),
        ("20260131_213059", (date(2026, 1, 31), time(21, 30))),
        ("2026-02-31", None),
        ("9999-01-01", None),
        ("1234567890123", None),
        ("a note", None),
    ],
)
def test_dates_in_names(path, when):
    assert dates.in_path(path) == when


@pytest.mark.parametrize(
    ("front_matter", "day"),
    [
        ("date: 2026-01-31", "2026-01-31"),
        ("created: 2026-01-31T23:30:00-08:00", "2026-01-31"),
        ("Date: '2026-01-31 21:30'", "2026-01-31"),
        ("date: 2026-02-31", None),
        ("date: [", None),
        ("title: 2026-01-31", None),
    ],
)
def test_dates_in_front_matter(front_matter, day, tmp_path):
    (tmp_path / "note.md").write_text(f"---\n{front_matter}\n---\nI am happy.")
    days = [one.day.isoformat() for one in read_journal(tmp_path).entries]
    assert days == ([day] if day else [])


def test_the_colours_are_those_of_the_page():
    script = (ROOT / "samo/page/static/hues.js").read_text()
    hues = re.findall(r"^  (\w+): (\d+),$", script.split("};")[0], re.MULTILINE)
    assert {name: int(hue) for name, hue in hues} == palette.HUES
    assert set(re.findall(r'"(\w+)"', script.split("FAINT")[1].split("\n")[0])) == palette.FAINT


def test_the_tutorial_shows_what_the_command_prints(tmp_path, capsys, monkeypatch, service_url):
    monkeypatch.chdir(tmp_path)
    diary = ROOT / "docs" / "examples" / "diary"
    status, _, err = run(capsys, diary, "--output", "diary.html", "--url", service_url)
    assert status == 0
    assert f"```text\n{err}```" in (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
