import sys

import pytest

from runners.errors import UndecodableAudio
from tests.fuzz import recordings


@pytest.mark.slow
def test_a_few_hundred_damaged_files_are_read_or_refused():
    files = recordings.seeds()
    for number in range(300):
        assert recordings.check(recordings.damage(files, number)) is None, number


def test_a_case_is_repeated_by_its_number():
    files = recordings.seeds()
    assert recordings.damage(files, 1234) == recordings.damage(files, 1234)
    assert recordings.damage(files, 1234) != recordings.damage(files, 1234 + len(files))


def test_an_error_that_is_not_documented_is_a_finding(monkeypatch):
    def fail(error):
        def decode(data):
            raise error

        monkeypatch.setattr(recordings, "decode", decode)
        return recordings.check(b"")

    assert fail(UndecodableAudio("damaged")) is None
    assert fail(KeyError("x")) == "KeyError: 'x'"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("import os; print(7, flush=True); os.abort()", "case 7: the process ended with -6"),
        ("import time; print(8, flush=True); time.sleep(60)", "case 8: no result for 1 s"),
    ],
    ids=["crash", "hang"],
)
def test_a_crash_and_a_hang_are_findings(code, finding, monkeypatch):
    monkeypatch.setattr(recordings, "MAX_HANG_SECONDS", 1.0)
    monkeypatch.setattr(recordings, "MAX_FINDINGS", 1)
    monkeypatch.setattr(recordings, "child_command", lambda _: [sys.executable, "-c", code])
    reports: list[str] = []
    assert recordings.run(20.0, 0, reports.append).findings == 1
    assert reports[0] == finding
