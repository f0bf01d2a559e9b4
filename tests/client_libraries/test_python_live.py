"""Live sessions of the Python client, for threads and for asyncio, against services with fake
models: the fake transcriber says how many seconds it has heard.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import pytest
from samo_client import AsyncSamo, Samo, _live_protocol, errors, live, models
from samo_client._pcm import pieces

from samo.live import server_events
from tests.client_libraries.conftest import DIARY
from tests.client_libraries.live_proxy import proxy

RATE: Literal[16_000] = 16_000


class OtherThread:
    """An object of the asyncio client, whose methods are called from a thread."""

    def __init__(self, loop, target):
        self._loop, self._target = loop, target

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if not callable(value):
            return value
        if name == "live":
            return lambda **options: OtherThread(self._loop, value(**options))
        if name == "stream":
            return lambda *source, **options: OtherThread(self._loop, value(*source, **options))
        return lambda *arguments, **options: self._run(value(*arguments, **options))

    def __enter__(self):
        self._run(self._target.__aenter__())
        return self

    def __exit__(self, *error):
        self._run(self._target.__aexit__(*error))

    def __iter__(self):
        while (event := self._run(anext(aiter(self._target), None))) is not None:
            yield event


@pytest.fixture(params=["threads", "asyncio"])
def connect(request):
    """Opens a client of either kind."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    clients: list[Any] = []

    def open_client(url, **options):
        if request.param == "threads":
            clients.append(Samo(url, **options))
        else:
            clients.append(OtherThread(loop, AsyncSamo(url, **options)))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def samo(connect, service_url):
    return connect(service_url)


def check_session(session, events):
    """The events of the diary, which has three turns."""
    turns = [event for event in events if isinstance(event, live.Turn)]
    assert len(turns) >= 2
    for turn in turns:
        parts = [e.text for e in events if isinstance(e, live.Text) and e.turn_id == turn.turn_id]
        assert "".join(parts) == turn.text
        assert turn.seconds > 0
    assert session.turns == tuple(turns)
    emotions = [event for event in events if isinstance(event, live.Emotions)]
    assert [one.turn_id for one in emotions] == [turn.turn_id for turn in turns]
    assert all(isinstance(one.emotion_analysis, models.EmotionAnalysis) for one in emotions)
    assert emotions[0].arc[0].text == turns[0].text
    assert isinstance(events[-1], live.Insight)
    assert session.insight is events[-1].insight
    assert session.insight.transcription is not None
    assert session.insight.transcription.text == session.text
    assert session.text == " ".join(turn.text for turn in turns)


@pytest.mark.parametrize("kind", ["recording", "wav", "bytes", "stream", "chunks"])
def test_a_source_of_any_kind(samo, samples, kind, tmp_path):
    with wave.open(str(tmp_path / "diary.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples)
    (tmp_path / "samples").write_bytes(samples)
    with subprocess.Popen(["cat", tmp_path / "samples"], stdout=subprocess.PIPE) as cat:
        sources = {
            "recording": DIARY,
            "wav": str(tmp_path / "diary.wav"),
            "bytes": samples,
            "stream": cat.stdout,
            "chunks": (samples[start : start + 3_001] for start in range(0, len(samples), 3_001)),
        }
        with samo.live(language="en", rate=RATE) as session:
            events = list(session.stream(sources[kind]))
            check_session(session, events)
        assert [one.languages for one in session.turns] == [("en",)] * len(session.turns)


def test_an_async_microphone_is_heard_while_it_speaks(service_url, samples):
    async def microphone():
        for start in range(0, len(samples), 3_200):
            yield samples[start : start + 3_200]
            await asyncio.sleep(0)

    async def scenario():
        async with AsyncSamo(service_url) as samo, samo.live(rate=RATE) as session:
            check_session(session, [event async for event in session.stream(microphone())])

    asyncio.run(scenario())


def test_realtime_takes_as_long_as_the_speech(samo, samples):
    with samo.live(rate=RATE) as session:
        events = list(session.stream(samples[: RATE * 2], realtime=True))  # a second of sound
    started = next(event for event in events if isinstance(event, live.SpeechStarted))
    assert started.seconds < 1


def test_turns_that_the_caller_ends(samo, samples):
    with samo.live(rate=RATE, turn_detection=False, logprobs=True) as session:
        session.send(samples[: 4 * RATE])
        session.clear()
        session.send(samples[: 6 * RATE])
        session.commit()
        turn = next(event for event in session if isinstance(event, live.Turn))
        assert turn.seconds == pytest.approx(3, abs=0.01)
        assert turn.logprobs
        session.commit()  # there is nothing to commit
        problem = next(event for event in session if isinstance(event, live.Problem))
        assert problem.code == "input_audio_buffer_commit_empty"
        insight = session.finish()
        assert insight is session.finish() is session.insight
        assert insight.transcription.text == turn.text
        assert isinstance(list(session)[-1], live.Insight)
        for call in (session.send, lambda source: list(session.stream(source))):
            with pytest.raises(errors.SessionFailed, match="session_closed"):
                call(samples)


def test_a_session_in_which_nobody_speaks(samo):
    with samo.live() as session:
        session.send(bytes(100_000))
        assert session.finish() is None
        assert (session.text, session.turns, list(session)) == ("", (), [])


def test_an_option_is_changed_in_the_session(samo, samples):
    with samo.live(rate=RATE) as session:
        session.update(language="de")
        session.update(silence_duration_ms=1)
        list(session.stream(samples))
        assert {one.languages for one in session.turns} == {("de",)}
        assert session._progress.problem.param.endswith("silence_duration_ms")


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"language": "xx"}, "session.audio.input.transcription.language"),
        ({"rate": 44_100}, "session.audio.input.format.rate"),
        ({"vad_threshold": 2}, "session.audio.input.turn_detection.threshold"),
    ],
)
def test_an_option_that_is_refused_opens_no_session(samo, options, param):
    with pytest.raises(errors.SessionFailed, match="invalid_value") as raised, samo.live(**options):
        pass
    assert raised.value.param == param


@pytest.mark.parametrize("options", [{"rat": 1}, {"turn_detection": False, "vad_threshold": 0.5}])
def test_options_that_do_not_exist_are_a_type_error(samo, options):
    with pytest.raises(TypeError, match=next(iter(options))):
        samo.live(**options)


def test_a_source_that_fails_leaves_the_session_open(samo, tmp_path, samples):
    (tmp_path / "notes.txt").write_text("no recording")
    with samo.live(rate=RATE) as session:
        with pytest.raises(ValueError, match="cannot be decoded"):
            list(session.stream(tmp_path / "notes.txt"))
        with pytest.raises(FileNotFoundError):
            list(session.stream(tmp_path / "missing.flac"))
        session.send(samples)
        assert session.finish().transcription.text


def test_without_pyav_a_recording_must_be_a_fitting_wav(samo, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with samo.live() as session, pytest.raises(ValueError, match="pip install av"):
        list(session.stream(DIARY))


def test_a_broken_connection_keeps_what_was_recognized(connect, service_url, samples):
    with proxy(service_url) as line, connect(line.url).live(rate=RATE) as session:
        session.send(samples[: RATE * 14])  # 7 s: two turns
        turns = 0
        for event in session:
            turns += isinstance(event, live.Turn)
            if turns == 1:
                break
        line.cut()
        with pytest.raises(errors.ConnectionFailed, match=line.url):
            list(session)
        assert session.text.startswith(session.turns[0].text)
        for call in (session.finish, lambda: session.send(samples), lambda: next(iter(session))):
            with pytest.raises(errors.ConnectionFailed):
                call()


def test_a_missing_or_wrong_key(connect, limited):
    url, _ = limited
    for options in ({}, {"api_key": "samo_wrong"}):
        with pytest.raises(errors.Unauthenticated) as raised, connect(url, **options).live():
            pass
        assert raised.value.status == 401
        assert raised.value.request_id


def test_retry_after_of_a_real_limit_is_waited_for(connect, limited):
    url, key = limited

    def burst(**options):
        client = connect(url, api_key=key, **options)
        with ThreadPoolExecutor(25) as pool:
            return [future.exception(30) for future in [
                pool.submit(client.predict, "joy") for _ in range(25)
            ]]  # fmt: skip

    refused = [error for error in burst(max_retries=0) if error is not None]
    assert refused
    assert {type(error) for error in refused} == {errors.RateLimited}
    assert all(1 <= error.retry_after <= 2 for error in refused)
    assert set(burst(max_retries=9)) == {None}


def test_too_many_sessions(connect, limited):
    url, key = limited
    client = connect(url, api_key=key, max_retries=1)
    with client.live() as session:
        with pytest.raises(errors.SessionFailed, match="try again later") as raised, client.live():
            pass
        assert raised.value.code == "too_many_sessions"
        session.close()
    assert session.text == ""
    with client.live(), pytest.raises(errors.SessionFailed), client.live():
        pass


def test_a_session_that_the_service_ends_has_its_insight(connect, limited, samples):
    url, key = limited
    with connect(url, api_key=key, max_retries=5).live(rate=RATE) as session:
        session.send(samples[: RATE * 6])
        events = list(session)  # the service ends it after 2 s without audio
        assert isinstance(events[-1], live.Insight)
        (problem,) = [event for event in events if isinstance(event, live.Problem)]
        assert problem.code == "session_idle"
        with pytest.raises(errors.SessionFailed, match="session_idle"):
            session.send(samples)
        assert session.finish() is events[-1].insight


def test_a_token_for_browsers(connect, limited):
    url, key = limited
    token = connect(url, api_key=key).live_token(seconds=20, language="de", rate=RATE)
    source = token.session["audio"]["input"]
    assert (source["transcription"]["language"], source["format"]["rate"]) == ("de", RATE)
    with connect(url, api_key=token.value, max_retries=5).live() as session:
        assert session.finish() is None
    with pytest.raises(errors.InvalidRequest, match="prompt"):
        connect(url, api_key=key).live_token(prompt="private")


def test_nothing_listens_or_another_server_does(connect, service_url):
    with (
        pytest.raises(errors.ConnectionFailed, match="samo serve"),
        connect("http://127.0.0.1:9", max_retries=0).live(),
    ):
        pass
    with pytest.raises(errors.NotFound), connect(f"{service_url}/nowhere").live():
        pass


@pytest.mark.parametrize("message", ["<html>", "[]", '{"type": "samo.insight"}', "null", b"\xff"])
def test_messages_that_are_not_samos(message):
    with pytest.raises(errors.UnexpectedResponse, match=r"http://samo\.test"):
        _live_protocol.Progress("http://samo.test").take(message)


def test_every_event_of_the_service_is_read_or_left_out_on_purpose():
    kinds = {
        event.model_fields["type"].default for event in server_events.ServerEvent.__subclasses__()
    }
    left_out = {
        "session.created", "session.updated", "session.closed", "input_audio_buffer.committed",
        "input_audio_buffer.cleared", "conversation.item.created",
    }  # fmt: skip
    assert kinds - left_out == set(_live_protocol._READERS)


def test_a_missing_package_is_named(monkeypatch):
    for name in [
        name for name in sys.modules if name.startswith(("websockets", "samo_client._live"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "websockets", None)
    with pytest.raises(ModuleNotFoundError, match=r"samo-client\[live\]"):
        Samo().live()


def test_a_recording_is_decoded_as_the_service_would(samples):
    decoded = np.frombuffer(b"".join(pieces(DIARY, "audio/pcm", RATE)), "<i2").astype(int)
    expected = np.frombuffer(samples, "<i2").astype(int)
    assert abs(len(decoded) - len(expected)) < RATE // 100
    length = min(len(decoded), len(expected))
    assert np.abs(decoded[:length] - expected[:length]).max() <= 2
