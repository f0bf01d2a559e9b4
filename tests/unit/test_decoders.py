"""Uploads are decoded in processes that cannot open files, are killed if they hang, and may crash.

The processes are real ones: the tests find them in /proc, stop them and kill them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runners.errors import (
    AudioTooLong,
    InvalidRequest,
    Overloaded,
    SamoError,
    StartError,
    UndecodableAudio,
    UnsupportedAudio,
)
from runners.usage import metered
from samo.audio import Gap, decode
from samo.decoders import IsolatedDecoder, isolated, messages
from samo.factory import create_models
from samo.settings import Settings
from tests import recordings
from tests.fuzz import recordings as fuzz

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.slow,
]
# Decoding this takes a second: long enough to be stopped and killed.
LONG = recordings.wav(recordings.pcm(250.0, 8_000), rate=8_000) + b"".join(
    recordings.encode("ogg", "libopus", seconds=20.0) for _ in range(2)
)


@contextmanager
def started(concurrency=2, **options):
    with closing(IsolatedDecoder(concurrency, **options)) as decoder:
        decoder.start()
        decoder.wait_until_started()
        yield decoder


@pytest.fixture(scope="module")
def decoder():
    with started() as subject:
        yield subject


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def template_of(decoder):
    return decoder._running_template()._process.pid


async def decode_and(decoder, data, act):
    """Decode `data`; call `act` with the process that does, as soon as it has received it."""
    template = template_of(decoder)
    while len(children(template)) != 1:  # noqa: ASYNC110  # an earlier process ends
        await asyncio.sleep(0.002)
    (idle,) = children(template)
    task = asyncio.create_task(decoder.decode(data))
    while children(template) == [idle]:  # noqa: ASYNC110  # until the next process is forked
        await asyncio.sleep(0.002)
    act(idle)
    return await task


def send(number):
    return lambda pid: os.kill(pid, number)


def outcome(function, data):
    """What a function returns for `data`, or the error that it raises."""
    try:
        return function(data)
    except SamoError as error:
        return error


def same(audio, other):
    fields = ("container", "codec", "gaps", "sample_rate")
    return np.array_equal(audio.samples, other.samples) and all(
        getattr(audio, field) == getattr(other, field) for field in fields
    )


def test_the_audio_is_that_of_decoding_in_this_process(decoder, recording):
    files = [recordings.make(name) for name in recordings.WRITABLE]
    files += [recording, recordings.with_hole("webm", "libopus"), recordings.video()]
    for data in files:
        assert same(asyncio.run(decoder.decode(data)), decode(data))


def test_errors_are_those_of_decoding_in_this_process(decoder, caplog):
    """Damaged files take all paths of the code; one that imports a module would be logged."""
    seeds = fuzz.seeds()
    files = [fuzz.damage(seeds, number) for number in range(150)]
    files += [b"", b"#EXTM3U", recordings.wav(recordings.pcm(310.0, 8_000), rate=8_000)]
    refused = set()
    for data in files:
        expected = outcome(decode, data)
        found = outcome(lambda upload: asyncio.run(decoder.decode(upload)), data)
        if isinstance(expected, SamoError):
            assert isinstance(expected, type(found))  # NoAudioSamples becomes UndecodableAudio
            assert (found.message, found.details) == (expected.message, expected.details)
            refused.add(type(found))
        else:
            assert same(found, expected)
    assert refused == {UnsupportedAudio, UndecodableAudio, AudioTooLong}
    assert not caplog.records


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (signal.SIGSEGV, UndecodableAudio),
        (signal.SIGABRT, UndecodableAudio),
        (signal.SIGXCPU, UndecodableAudio),
        (signal.SIGKILL, Overloaded),
    ],
)
def test_a_crash_costs_one_upload(decoder, recording, caplog, number, error):
    async def scenario():
        neighbours = []

        def crash(pid):
            neighbours.append(asyncio.create_task(decoder.decode(recording)))
            os.kill(pid, number)

        crashing = decode_and(decoder, LONG, crash)
        crashed: Any
        (crashed,) = await asyncio.gather(crashing, return_exceptions=True)
        return crashed, await neighbours[0], await decoder.decode(recording)

    crashed, neighbour, later = asyncio.run(scenario())
    assert type(crashed) is error
    assert neighbour.duration == later.duration == 11.0
    assert number.name in caplog.text


def test_a_process_that_hangs_is_killed(recording):
    with started(decode_seconds=0.5) as decoder:
        template = template_of(decoder)
        with pytest.raises(Overloaded):
            asyncio.run(decode_and(decoder, LONG, send(signal.SIGSTOP)))
        assert asyncio.run(decoder.decode(recording)).duration == 11.0
        assert_only_the_idle_process_is_left(template)


def assert_only_the_idle_process_is_left(template):
    for _ in range(500):
        if len(children(template)) == 1:
            return
        asyncio.run(asyncio.sleep(0.01))
    pytest.fail("a decoder process is left")


def test_an_upload_whose_client_left_is_not_decoded_any_more(decoder):
    template = template_of(decoder)

    async def scenario():
        task = asyncio.create_task(decode_and(decoder, LONG, send(signal.SIGSTOP)))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
    assert_only_the_idle_process_is_left(template)


def test_a_template_that_was_killed_is_replaced(recording, caplog):
    with started() as decoder:
        first = template_of(decoder)
        audio = asyncio.run(
            decode_and(decoder, recording, lambda _: os.kill(first, signal.SIGKILL))
        )
        assert audio.duration == 11.0
        assert template_of(decoder) != first
        assert "starting another one" in caplog.text


def test_the_processes_end_with_the_service():
    program = (
        "import time; from samo.decoders import IsolatedDecoder\n"
        "decoder = IsolatedDecoder(1); decoder.start(); decoder.wait_until_started()\n"
        "print(decoder._template._process.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        template = int(process.stdout.readline())
        assert len(children(template)) == 1
        process.kill()
    for _ in range(500):
        if not Path(f"/proc/{template}/status").exists():
            return
        asyncio.run(asyncio.sleep(0.01))
    pytest.fail("the template is left")


def test_a_process_has_no_secret_and_no_file_of_the_service(monkeypatch, tmp_path):
    monkeypatch.setenv("SAMO_API_KEYS", "secret")
    with (tmp_path / "open").open("w"), started() as decoder:
        (idle,) = children(template_of(decoder))
        environment = Path(f"/proc/{template_of(decoder)}/environ").read_bytes()
        links = Path(f"/proc/{idle}/fd").iterdir()
        kinds = {str(link.readlink()).partition(":")[0] for link in links}
        assert b"secret" not in environment
        assert b"SAMO" not in environment
        assert kinds == {"/dev/null", "socket"}


def confined(program):
    """Run a program in a process with the limits of a decoder process."""
    code = (
        "import os, resource, socket, sys\n"
        "from samo.decoders import confinement\n"
        "confinement.MAX_CPU_SECONDS = 1\n"
        "confinement.Confinement().begin()\n" + program
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("open('/etc/hostname')", "Too many open files"),
        ("open('left-behind', 'w')", "Too many open files"),
        ("os.open('/etc', os.O_PATH)", "Too many open files"),
        ("socket.socket()", "Too many open files"),
        ("os.pipe()", "Too many open files"),
        ("bytearray(1 << 30)", "MemoryError"),
        ("resource.setrlimit(resource.RLIMIT_CPU, (99, 99))", "not allowed to raise"),
    ],
)
def test_a_confined_process_cannot(program, error):
    if "setrlimit" in program and os.geteuid() == 0:
        pytest.skip("root may raise limits; the image runs as another user")
    assert error in confined(program).stderr


def test_a_confined_process_is_killed_when_it_computes_too_long():
    assert confined("while True: pass").returncode == -signal.SIGXCPU


def test_decoding_is_charged_to_the_caller(decoder, recording):
    charged: list[float] = []
    with metered(charged.append):
        asyncio.run(decoder.decode(recording))
    assert len(charged) == 1
    assert 0.001 < charged[0] < 10


@pytest.mark.parametrize(
    "response",
    [
        messages.TAG.pack(b"X", 0, 3) + b"abc",
        messages.TAG.pack(b"R", 0, 1 << 30),
        messages.TAG.pack(b"R", 0, 2) + b"[]",
        messages.TAG.pack(b"R", 0, 2) + b"{}",
        messages.TAG.pack(b"R", 0, 3) + b"\xff{}",
        *(
            messages.TAG.pack(b"R", 0, len(head)) + head
            for head in (
                b'{"samples": 9999999999, "container": "wav", "codec": "x", "gaps": []}',
                b'{"samples": -1, "container": "wav", "codec": "x", "gaps": []}',
                b'{"samples": 0, "container": "wav", "codec": "x", "gaps": [7]}',
                b'{"error": "KeyboardInterrupt", "message": "", "details": {}}',
                b'{"error": "AudioTooLong", "message": "", "details": []}',
                b'{"failure": "KeyError at x.py:1 in y"}',
            )
        ),
    ],
)
def test_a_response_is_checked(monkeypatch, caplog, response):
    """A process that hostile input has taken over may send anything."""

    class Hostile:
        is_running = staticmethod(lambda: True)
        close = staticmethod(lambda: None)

        def fork(self, job):
            ends.append(job.dup())
            ends[-1].sendall(response)

    ends: list[socket.socket] = []
    monkeypatch.setattr(isolated, "_Template", Hostile)
    with closing(IsolatedDecoder(1)) as decoder, pytest.raises(UndecodableAudio, match="crashed"):
        asyncio.run(decoder.decode(b""))
    for end in ends:
        end.close()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_errors_keep_their_class_and_details():
    head = messages.error_head(AudioTooLong("too long", max_seconds=300.0))
    with pytest.raises(AudioTooLong, match="too long") as caught:
        messages.parse_head(head)
    assert caught.value.details == {"max_seconds": 300.0}
    with pytest.raises(StopIteration):
        messages.error_head(InvalidRequest("decoding does not raise it"))


def test_gaps_are_kept():
    fields = messages.parse_head(
        messages.audio_head(decode(recordings.with_hole("webm", "libopus")))
    )
    assert messages.audio_of(fields, np.zeros(0, np.float32)).gaps[0] == Gap(
        fields["gaps"][0][0], fields["gaps"][0][1]
    )


def test_a_template_that_cannot_start_is_named(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with closing(IsolatedDecoder(1)) as decoder, pytest.raises(StartError, match="ISOLATE"):
        decoder.wait_until_started()


@pytest.mark.parametrize("isolate", [True, False])
def test_the_setting_chooses_the_decoder(isolate):
    def no_store(name):
        raise AssertionError(name)

    models = create_models(Settings(runners="fake", isolate_decoding=isolate), no_store)
    with closing(models):
        assert isinstance(models.pipeline.decoder, IsolatedDecoder) == isolate
