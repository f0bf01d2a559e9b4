"""The settings of the environment: former names, unknown names, invalid values."""

from __future__ import annotations

import pytest

from runners.errors import StartError
from samo.settings import Settings, default_port
from samo.settings import service as settings


@pytest.fixture
def environment(monkeypatch):
    """Sets variables; without those of the shell, and with no warning logged yet."""
    for name in settings.variable_names():
        monkeypatch.delenv(name, raising=False)
    settings._warn.cache_clear()

    def set_variables(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_variables


def test_transcriptions_are_as_many_as_threads(environment):
    environment(SAMO_THREADS="3")
    assert Settings.load().max_concurrent_transcriptions == 3


@pytest.mark.parametrize("name", ["SAMO_RECORDINGS", "samo_recordings"])
def test_a_former_name_works_with_one_warning(environment, caplog, name):
    environment(**{name: "5", "SAMO_THREADS": "3"})
    assert [Settings.load().max_concurrent_transcriptions for _ in range(2)] == [5, 5]
    assert [record.getMessage() for record in caplog.records] == [
        "SAMO_RECORDINGS is now called SAMO_MAX_CONCURRENT_TRANSCRIPTIONS: "
        "set SAMO_MAX_CONCURRENT_TRANSCRIPTIONS."
    ]


def test_the_present_name_wins_over_the_former_one(environment, caplog):
    environment(SAMO_RECORDINGS="5", SAMO_MAX_CONCURRENT_TRANSCRIPTIONS="2")
    assert Settings.load().max_concurrent_transcriptions == 2
    assert "it is ignored, because SAMO_MAX_CONCURRENT_TRANSCRIPTIONS is set" in caplog.text


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SAMO_THREDS", "did you mean SAMO_THREADS?"),
        ("SAMO_XYZ", "docs/api.md lists the settings."),
    ],
)
def test_an_unknown_name_is_logged_with_the_nearest_one(environment, caplog, name, hint):
    environment(**{name: "secret", "SAMO_TEST_DATA": "data"})
    Settings.load()
    assert [record.getMessage() for record in caplog.records] == [
        f"{name} is not a setting: {hint}"
    ]


def test_all_invalid_values_are_named_and_not_repeated(environment):
    environment(SAMO_THREADS="xyzzy", SAMO_RECORDINGS="0")
    with pytest.raises(StartError) as error:
        Settings.load()
    lines = str(error.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        "SAMO_THREADS",
        "SAMO_MAX_CONCURRENT_TRANSCRIPTIONS",
    ]
    assert all(line.endswith("Correct or unset it.") for line in lines)
    assert "xyzzy" not in str(error.value)


@pytest.mark.parametrize(("value", "port"), [("8080", 8080), ("0", 0), ("", 3000)])
def test_the_port_of_the_platform(monkeypatch, value, port):
    monkeypatch.setenv("PORT", value)
    assert default_port() == port


@pytest.mark.parametrize("value", ["http", "-1", "65536"])
def test_a_port_that_is_none_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("PORT", value)
    with pytest.raises(StartError, match="PORT cannot be used"):
        default_port()


@pytest.mark.parametrize(("name", "least"), [("CALLBACK_SECRET", 16), ("TOKEN_SECRET", 32)])
def test_a_short_secret_is_told_its_length(environment, name, least):
    environment(**{f"SAMO_{name}": "tiny"})
    with pytest.raises(StartError, match=f"it needs at least {least} characters") as error:
        Settings.load()
    assert "tiny" not in str(error.value)


def test_the_emotion_model_is_chosen_by_name(environment):
    assert Settings.load().model_names["emotion"] == "samo-emotion"
    environment(SAMO_EMOTION_MODEL="small")
    assert Settings.load().model_names["emotion"] == "samo-emotion-small"
    environment(SAMO_EMOTION_MODEL="tiny")
    with pytest.raises(StartError, match=r"SAMO_EMOTION_MODEL .*'large' or 'small'"):
        Settings.load()
