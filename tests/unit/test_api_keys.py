"""API keys: the file, the ring that reads it again, the command, the scopes of paths."""

from __future__ import annotations

import logging
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.routing import iter_route_contexts

from runners.errors import StartError
from samo import cli
from samo.access import key_ring, keys
from samo.access.key_ring import KeyRing
from samo.access.keys import InvalidKeyFileError, KeyFile, new_key
from samo.access.scopes import required_scopes
from samo.api.app import create_app
from samo.settings import Settings


def test_a_key_has_256_random_bits_and_a_prefix():
    made = {new_key("phone", ["text"])[0] for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"samo_[A-Za-z0-9_-]{43}", key) for key in made)


def test_only_the_hash_is_stored():
    key, stored = new_key("phone", ["text", "speech"])
    content = KeyFile(keys=(stored,)).to_json()
    assert key not in content
    assert key.removeprefix("samo_")[:8] not in content
    assert KeyFile.parse(content).keys == (stored,)


def test_a_key_is_found_among_others_and_a_similar_one_is_not():
    made = [new_key(f"key-{number}", ["text"]) for number in range(5)]
    stored = [entry for _, entry in made]
    for key, entry in made:
        assert keys.find(stored, key) is entry
    key = made[0][0]
    for wrong in ("", key[:-1], key + "x", key.upper(), "samo_", stored[0].sha256, "ключ"):
        assert keys.find(stored, wrong) is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ('{"keys": [{"name": "a"}]}', "keys.0.sha256: Field required"),
        ('{"keys": [], "extra": 1}', "extra: Extra inputs"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(content, problem):
    with pytest.raises(InvalidKeyFileError, match=re.escape(problem)):
        KeyFile.parse(content)


def test_names_are_unique():
    _, stored = new_key("phone", ["text"])
    content = KeyFile(keys=(stored,)).model_dump_json()
    doubled = content.replace("}]", "}," + stored.model_dump_json() + "]")
    with pytest.raises(InvalidKeyFileError, match="same name"):
        KeyFile.parse(doubled)


# The command


def run(capsys, *arguments):
    status = cli.main(["keys", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_new_list_and_revoke(capsys, tmp_path):
    file = tmp_path / "keys.json"
    status, out, _ = run(
        capsys, "new", "--name", "phone", "--scopes", "speech,text", "--file", file
    )
    assert status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = out.strip()
    found = KeyRing.from_file(file).find(key)
    assert found is not None
    assert found.scopes == ("text", "speech")
    assert run(
        capsys, "new", "--name", "prometheus", "--scopes", "monitoring", "--file", file,
        "--expires", "2199-01-31", "--rate-limit", "60/minute", "--compute-limit", "1/hour",
    )[0] == 0  # fmt: skip
    _, listed, _ = run(capsys, "list", "--file", file)
    phone, prometheus = listed.splitlines()
    assert phone.startswith("phone  text,speech  created ")
    assert prometheus.endswith(
        "expires 2199-01-31T00:00+0000  requests 60/minute  computing 1/hour"
    )
    assert run(capsys, "revoke", "--name", "phone", "--file", file)[0] == 0
    assert [entry.name for entry in KeyRing.from_file(file).keys] == ["prometheus"]
    assert KeyRing.from_file(file).find(key) is None


def test_keys_that_are_created_at_the_same_time_are_all_kept(tmp_path):
    """Eight processes add a key each; without a lock one would overwrite what another wrote."""
    file = tmp_path / "keys.json"
    program = "import sys; from samo.access.command import main; sys.exit(main(sys.argv[1:]))"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, "new", "--name", f"key-{number}", "--scopes", "text",
             "--file", str(file)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for number in range(8)
    ]  # fmt: skip
    assert [process.wait(60) for process in processes] == [0] * 8
    assert len(KeyFile.parse(file.read_bytes()).keys) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_the_mode_of_a_file_stays(capsys, tmp_path):
    file = tmp_path / "keys.json"
    run(capsys, "new", "--name", "a", "--scopes", "text", "--file", file)
    file.chmod(0o640)
    run(capsys, "new", "--name", "b", "--scopes", "text", "--file", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


def test_what_cannot_be_done_is_said_in_a_line(capsys, tmp_path):
    file = tmp_path / "keys.json"
    new = ("new", "--scopes", "text", "--file", file)
    assert run(capsys, *new, "--name", "phone")[0] == 0
    for arguments, said in [
        ((*new, "--name", "phone"), "has a key named phone"),
        ((*new, "--name", "my phone"), "--name cannot be used"),
        ((*new, "--name", "x", "--rate-limit", "often"), "--rate-limit cannot be used: A limit is"),
        (("revoke", "--name", "x", "--file", file), "has no key of this name"),
        (("list", "--file", tmp_path / "nothing"), "cannot be read: No such file"),
        ((*new[:-1], tmp_path / "no" / "folder.json", "--name", "x"), "cannot be written"),
    ]:
        status, out, err = run(capsys, *arguments)
        assert (status, out) == (1, "")
        assert said in err
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--scopes", "text,admin", "the scopes are text, speech"),
        ("--scopes", "", "the scopes are"),
        ("--expires", "tomorrow", "must look like 2027-01-31"),
        ("--expires", "2020-01-31", "has passed"),
        ("--expires", "2199-01-31T12:00", "needs an offset"),
    ],
)
def test_wrong_values_of_options_are_refused(capsys, tmp_path, option, value, said):
    given = {"--scopes": "text", "--expires": "2199-01-01", option: value}
    arguments = [part for pair in given.items() for part in pair]
    with pytest.raises(SystemExit) as exit_:
        run(capsys, "new", "--name", "a", "--file", tmp_path / "k", *arguments)
    assert exit_.value.code == 2
    assert said in capsys.readouterr().err


# The ring


@pytest.fixture
def clock(monkeypatch):
    """Moves the time after which a file is looked at."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(key_ring, "time", clock)
    return clock


def write(file, *stored):
    """Replace the file as an editor, `samo keys` or Kubernetes does."""
    replacement = file.with_name("new")
    replacement.write_text(KeyFile(keys=stored).to_json())
    replacement.replace(file)


def test_changes_of_the_file_are_read_and_damage_is_not(tmp_path, clock, caplog):
    file = tmp_path / "keys.json"
    first, stored_first = new_key("first", ["text"])
    second, stored_second = new_key("second", ["text"])
    write(file, stored_first)
    ring = KeyRing.from_file(file)
    write(file, stored_second)
    assert ring.find(first) is not None  # not looked at yet
    clock.now += key_ring.RELOAD_SECONDS
    assert ring.find(first) is None
    assert ring.find(second) == stored_second
    for damage in (lambda: file.write_text("{"), file.unlink):
        caplog.clear()
        damage()
        for _ in range(3):
            clock.now += key_ring.RELOAD_SECONDS
            assert ring.find(second) is not None
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
    write(file)
    clock.now += key_ring.RELOAD_SECONDS
    assert ring.find(second) is None  # no keys: nobody may call, not everybody


def test_an_expired_key_is_known_as_expired():
    past = datetime.now(UTC) - timedelta(seconds=1)
    _, expired = new_key("a", ["text"], expires=past)
    _, valid = new_key("b", ["text"], expires=past + timedelta(hours=1))
    assert (expired.expired, valid.expired) == (True, False)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"allow_anonymous": False}, "There are no API keys, and SAMO_ALLOW_ANONYMOUS is false"),
        ({"api_keys": '{"keys": []}', "allow_anonymous": True}, "contradicts the API keys"),
        ({"api_keys": "{"}, "SAMO_API_KEYS cannot be used: Invalid JSON"),
        ({"api_keys_file": "/nowhere"}, "SAMO_API_KEYS_FILE cannot be used: No such file"),
        ({"api_keys_file": "/nowhere", "api_keys": "{}"}, "not both"),
    ],
)
def test_settings_that_stop_the_start(settings, said):
    with pytest.raises(StartError, match=re.escape(said)):
        KeyRing.from_settings(Settings.model_validate(settings))


@pytest.mark.parametrize("name", ["api_keys", "api_keys_file"])
def test_a_secret_that_was_not_filled_in_does_not_switch_keys_off(name):
    with pytest.raises(ValueError, match="It is empty"):
        Settings.model_validate({name: " "})


def test_keys_of_the_environment():
    key, stored = new_key("phone", ["text"])
    content = KeyFile(keys=(stored,)).to_json()
    ring = KeyRing.from_settings(Settings.model_validate({"api_keys": content}))
    assert ring is not None
    assert ring.find(key) == stored


def test_a_service_without_keys_says_so(caplog):
    assert KeyRing.from_settings(Settings()) is None
    assert "everybody who reaches the port may call" in caplog.text
    caplog.clear()
    assert KeyRing.from_settings(Settings(allow_anonymous=True)) is None
    assert caplog.text == ""


# The scopes of paths


def test_every_route_has_the_scope_of_its_subject():
    app = create_app(Settings(runners="fake"))
    paths = {route.path for route in iter_route_contexts(app.routes) if route.path}
    scopes = {path: required_scopes(path) for path in paths}
    assert [path for path, scope in scopes.items() if len(scope) > 1] == []
    assert sorted(path for path, scope in scopes.items() if not scope) == [
        "/", "/docs", "/docs.json", "/health", "/openapi.json", "/page/{path:path}", "/sw.js",
    ]  # fmt: skip
    for path, scope in {
        "/predict": "text",
        "/insights/trends": "text",
        "/analyze/voice-journal": "speech",
        "/v1/audio/transcriptions": "speech",
        "/v1/models/whisper-1": "speech",
        "/metrics": "monitoring",
        "/models/status": "monitoring",
    }.items():
        assert required_scopes(path) == {scope}


@pytest.mark.parametrize("path", ["/new", "/new/route", "/predictions", "/pagey", "/v1", "/models"])
def test_a_path_without_a_row_is_closed(path):
    assert required_scopes(path) == {*keys.SCOPES}
