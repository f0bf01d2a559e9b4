"""Record from the microphone, into memory: by sounddevice, arecord or ffmpeg."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Final

import numpy as np

from runners.transcriber.transcript import SAMPLE_RATE
from samo.commands.errors import UNAVAILABLE, CommandError

_SAMPLE_BYTES: Final = 2  # 16-bit PCM, one channel
_CHUNK_BYTES: Final = SAMPLE_RATE // 10 * _SAMPLE_BYTES
_FFMPEG_INPUT: Final = {
    "darwin": ("-f", "avfoundation", "-i", ":default"),
    "linux": ("-f", "alsa", "-i", "default"),
}
_NO_MICROPHONE: Final = (
    "No microphone can be used{reason}. `samo listen` needs arecord (Debian's alsa-utils), ffmpeg "
    "or the Python package sounddevice, and a microphone. `samo analyze FILE` reads a recording."
)

Progress = Callable[[float, float], None]
"""Called ten times per second with the seconds recorded and the peak of the last tenth, 0 to 1."""


def record(max_seconds: float, on_progress: Progress) -> bytes:
    """Record until Ctrl-C or for `max_seconds`; returns a WAV file.

    Raises:
        CommandError: There is no microphone, or nothing was recorded.
    """
    samples = bytearray()
    wanted = int(max_seconds * SAMPLE_RATE) * _SAMPLE_BYTES
    try:
        with closing(_chunks()) as chunks:
            for chunk in chunks:
                samples += chunk
                peak = np.abs(np.frombuffer(chunk, "<i2").astype(np.int32)).max(initial=0)
                on_progress(len(samples) / _SAMPLE_BYTES / SAMPLE_RATE, float(peak) / 32768)
                if len(samples) >= wanted:
                    break
    except KeyboardInterrupt:
        pass  # how a recording ends
    if not samples:
        raise CommandError("Nothing was recorded: speak before you press Ctrl-C.", UNAVAILABLE)
    return _wav(bytes(samples[:wanted]))


def _chunks() -> Generator[bytes]:
    """PCM from the first recorder that is there; the iterator's end closes the microphone."""
    if shutil.which("arecord"):
        return _from_program(
            ["arecord", "-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(SAMPLE_RATE)]
        )
    if shutil.which("ffmpeg") and sys.platform in _FFMPEG_INPUT:
        source = _FFMPEG_INPUT[sys.platform]
        output = ("-f", "s16le", "-ac", "1", "-ar", str(SAMPLE_RATE), "-")
        return _from_program(["ffmpeg", "-nostdin", "-loglevel", "error", *source, *output])
    return _from_sounddevice()


def _from_program(command: list[str]) -> Generator[bytes]:
    # a session of its own: Ctrl-C must end the recording, not the program in the middle of a sample
    process = subprocess.Popen(  # noqa: S603  # a fixed command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None  # noqa: S101  # as requested
    assert process.stderr is not None  # noqa: S101
    try:
        recorded = False
        while chunk := process.stdout.read(_CHUNK_BYTES):
            recorded = True
            yield chunk
        if not recorded:
            said = process.stderr.read().decode(errors="replace").strip().splitlines()
            reason = f" ({command[0]}: {said[-1]})" if said else ""
            raise CommandError(_NO_MICROPHONE.format(reason=reason), UNAVAILABLE)
    finally:
        process.terminate()
        process.stdout.close()
        process.stderr.close()
        process.wait()


def _from_sounddevice() -> Generator[bytes]:
    try:
        import sounddevice  # an optional dependency: extra `microphone`
    except (ImportError, OSError):  # OSError: without the library PortAudio
        raise CommandError(_NO_MICROPHONE.format(reason=""), UNAVAILABLE) from None
    try:
        with sounddevice.RawInputStream(
            samplerate=SAMPLE_RATE, channels=1, dtype="int16"
        ) as stream:
            while True:
                data, _ = stream.read(_CHUNK_BYTES // _SAMPLE_BYTES)
                yield bytes(data)
    except sounddevice.PortAudioError as error:
        raise CommandError(_NO_MICROPHONE.format(reason=f" ({error})"), UNAVAILABLE) from None


def _wav(samples: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(_SAMPLE_BYTES)
        output.setframerate(SAMPLE_RATE)
        output.writeframes(samples[: len(samples) // _SAMPLE_BYTES * _SAMPLE_BYTES])
    return file.getvalue()
