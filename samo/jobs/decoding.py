"""Decode the recording of a job in a process of its own, and read the samples in pieces."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import orjson

from runners import errors
from runners.errors import SamoError, UndecodableAudio
from samo.audio.files import SAMPLE_BYTES
from samo.audio.types import SAMPLE_RATE, Gap, Samples
from samo.decoders.environment import decoder_environment
from samo.jobs.upload import new_file

_log = logging.getLogger("bentoml.samo.jobs")

_ERRORS: Final = {
    error.code: error
    for error in (errors.UnsupportedAudio, errors.UndecodableAudio, errors.AudioTooLong)
}
_MODULE: Final = "samo.jobs.decoder_process"
# What the process needs of the service's environment: no secrets.


@dataclass(slots=True)
class SampleFile:
    """A decoded recording in a file: mono, 16 kHz, 16 bits."""

    file: BinaryIO
    sample_count: int
    gaps: tuple[Gap, ...]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.sample_count / SAMPLE_RATE

    def read(self, start: int, count: int) -> Samples:
        """Samples from index `start`, at most `count`: float32, within [-1, 1]."""
        content = os.pread(self.file.fileno(), count * SAMPLE_BYTES, start * SAMPLE_BYTES)
        return np.frombuffer(content, np.int16).astype(np.float32) / np.float32(32768)

    def close(self) -> None:
        """Delete the file."""
        self.file.close()


async def decode_recording(upload: BinaryIO, folder: Path, max_seconds: float) -> SampleFile:
    """Decode a recording; if the caller is cancelled, the process is killed.

    Raises:
        SamoError: As `samo.audio.files.decode_file`; also for a recording that makes ffmpeg crash,
            or that takes too much computing.
    """
    output = new_file(folder)
    try:
        answer = await _run(upload, output, max_seconds)
    except BaseException:
        output.close()
        raise
    if "code" in answer:
        output.close()
        error = _ERRORS.get(answer["code"], UndecodableAudio)
        raise error(answer["message"], **answer["details"])
    gaps = tuple(Gap(start, seconds) for start, seconds in answer["gaps"])
    return SampleFile(output, answer["samples"], gaps)


async def _run(upload: BinaryIO, output: BinaryIO, max_seconds: float) -> dict[str, Any]:
    descriptors = (upload.fileno(), output.fileno())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", _MODULE,
        *map(str, descriptors), str(max_seconds),
        pass_fds=descriptors,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a library might print parts of the recording's tags
        env=decoder_environment(),
        start_new_session=True,  # Ctrl-C is for the service, which kills the process
    )  # fmt: skip
    try:
        content, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
    if process.returncode != 0 or not content:
        _log.error("the decoder of a job ended with status %s", process.returncode)
        raise _crashed()
    answer: dict[str, Any] = orjson.loads(content)
    return answer


def _crashed() -> SamoError:
    return UndecodableAudio(
        "The recording cannot be decoded: it makes the decoder crash, or takes too much computing. "
        "Save it again as MP3, M4A or FLAC."
    )
