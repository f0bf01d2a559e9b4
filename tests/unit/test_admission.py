"""A recording is decoded only where it can be transcribed, on threads of its own, and counted."""

from __future__ import annotations

import asyncio
import io
import threading
import wave
from typing import NoReturn

import pytest

from runners.errors import Overloaded
from runners.fakes import FakeTranscriber
from samo import factory
from samo.audio import decode
from samo.decoders import threaded
from samo.factory import create_models
from samo.monitoring import metrics
from samo.settings import Settings

OPTIONS = {"language": None, "task": "transcribe", "word_timestamps": False}


def recording(seconds):
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(b"\x00\x10\x00\xf0" * (8_000 * seconds))
    return file.getvalue()


@pytest.fixture
def held(monkeypatch):
    """The fake transcriber holds each recording until this is set."""
    gate = threading.Event()

    def predict(self, batch):
        gate.wait(5)
        return [self._transcribe(request) for request in batch]

    monkeypatch.setattr(FakeTranscriber, "predict", predict)
    yield gate
    gate.set()


@pytest.fixture
def decoded(monkeypatch):
    """Names of the threads that decoded a recording."""
    names = []

    def counting(data):
        names.append(threading.current_thread().name)
        return decode(data)

    monkeypatch.setattr(threaded, "decode", counting)
    return names


def no_store(name: str) -> NoReturn:
    raise AssertionError(f"{name} is looked up in the store")


def models(**settings):
    return create_models(
        Settings(runners="fake", threads=1, isolate_decoding=False, **settings), no_store
    )


def test_a_recording_that_cannot_be_admitted_is_not_decoded(held, decoded, monkeypatch):
    monkeypatch.setattr(factory, "INITIAL_SECONDS_PER_AUDIO_FRAME", 100.0)

    async def scenario():
        subject = models().pipeline
        first = asyncio.create_task(subject.transcribe(recording(2), **OPTIONS))
        while not subject.transcriber.is_computing:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        with pytest.raises(Overloaded):
            await subject.transcribe(recording(2), **OPTIONS)
        held.set()
        await first

    asyncio.run(scenario())
    assert len(decoded) == 1


def test_recordings_are_decoded_on_threads_of_their_own(decoded):
    asyncio.run(models().pipeline.transcribe(recording(2), **OPTIONS))
    assert decoded[0].startswith("decoding")


def test_an_upload_whose_client_left_is_not_decoded_any_more(monkeypatch):
    """One thread decodes; what waits for it and is cancelled is never begun."""
    begun, gate = [], threading.Event()

    def slow(data):
        begun.append(data)
        gate.wait(5)
        raise Overloaded("")

    monkeypatch.setattr(threaded, "decode", slow)

    async def scenario():
        subject = models().pipeline
        first, second = (
            asyncio.create_task(subject.transcribe(data, **OPTIONS)) for data in (b"1", b"2")
        )
        while not begun:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        gate.set()
        await asyncio.gather(first, return_exceptions=True)

    asyncio.run(scenario())
    assert begun == [b"1"]


def test_seconds_of_audio_are_counted():
    before = metrics.audio_seconds._value.get()
    asyncio.run(models().pipeline.transcribe(recording(3), **OPTIONS))
    assert metrics.audio_seconds._value.get() == before + 3
