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


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"AB_SHARE": "0.3"}, "without SAMO_AB_MODEL"),
        ({"AB_SHARE": "0.5"}, "without SAMO_AB_MODEL"),  # its default
        ({"AB_MODE": "shadow", "AB_HEADER": "X-User-ID"}, "without SAMO_AB_MODEL"),
        (
            {"FEEDBACK_DAYS": "30", "ANSWER_DAYS": "7", "FEEDBACK_MIGRATE": "false"},
            "without SAMO_FEEDBACK_URL",
        ),
        ({"CALLBACK_HOSTS": "hooks.internal"}, "without SAMO_CALLBACK_SECRET"),
        (
            {"DRIFT_REFERENCE": "drift.json", "DRIFT_WINDOW": "500", "DRIFT_THRESHOLD": "0.2"},
            "while SAMO_DRIFT is false",
        ),
        ({"MAX_LIVE_SECONDS": "60"}, "while SAMO_MAX_LIVE_SESSIONS is 0"),
        ({"LOG_TRACE_PROJECT": "journal-123"}, "while SAMO_LOG_FORMAT is text"),
    ],
)
def test_a_setting_that_has_no_effect_is_refused(environment, variables, why):
    environment(
        SAMO_DRIFT="false" if "DRIFT" in why else "true",
        SAMO_MAX_LIVE_SESSIONS="0" if "LIVE" in why else "1",
        **{f"SAMO_{name}": value for name, value in variables.items()},
    )
    with pytest.raises(StartError) as error:
        Settings.load()
    assert str(error.value).splitlines() == [
        f"SAMO_{name} cannot be used: it has no effect {why}. Correct or unset it."
        for name in variables
    ]


def test_a_setting_whose_other_setting_is_set_has_an_effect(environment):
    environment(
        SAMO_AB_MODEL="samo-emotion:b",
        SAMO_AB_SHARE="0.3",
        SAMO_FEEDBACK_URL="sqlite:////tmp/feedback.db",
        SAMO_ANSWER_DAYS="3",
        SAMO_CALLBACK_SECRET="0123456789abcdef",
        SAMO_CALLBACK_HOSTS="hooks.internal",
        SAMO_DRIFT_WINDOW="500",
        SAMO_LIVE_IDLE_SECONDS="5",
        SAMO_LOG_FORMAT="json",
        SAMO_LOG_TRACE_PROJECT="journal-123",
    )
    settings = Settings.load()
    assert (settings.ab_share, settings.answer_days, settings.drift_window) == (0.3, 3, 500)


def test_an_empty_list_is_no_wish(environment):
    environment(SAMO_CALLBACK_HOSTS="")
    assert Settings.load().callback_hosts == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("REDIS_URL", "redis://host:secret/0", "The address of a Redis"),
        ("REDIS_URL", "redis://host:6379/secret", "the number of a database"),
        ("REDIS_URL", "redis://host:6379?secret=1", "An option of the URL is not known"),
        ("REDIS_URL", "redis://host:6379?socket_timeout=secret", "has a wrong value"),
        ("REDIS_URL", "rediss://host?ssl_ca_certs=/secret", "A file that the URL names"),
        ("FEEDBACK_URL", "postgresql://host:secret/database", "It is not a URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_not_repeated(environment, name, value, reason):
    environment(**{f"SAMO_{name}": value})
    with pytest.raises(StartError, match=reason) as error:
        Settings.load()
    assert str(error.value).startswith(f"SAMO_{name} cannot be used: ")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["redis://host", "redis://host:6379/0/", "rediss://:pw@host:6379/3?protocol=3"]
)
def test_the_url_of_a_redis(environment, url):
    environment(SAMO_REDIS_URL=url)
    assert Settings.load().redis_url is not None
