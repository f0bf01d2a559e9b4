"""Audio to send in a live session: pieces of samples from a path, a stream, or chunks."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:  # needed for recordings only
    import av

Source = str | os.PathLike[str] | bytes | bytearray | IO[bytes] | Iterable[bytes]
"""The path of a recording; or samples: bytes, a stream such as a microphone's, or chunks."""

_PIECE_SECONDS: Final = 0.1
_SAMPLE_BYTES: Final = {"audio/pcm": 2, "audio/pcmu": 1, "audio/pcma": 1}


def pieces(source: Source, encoding: str, rate: int) -> Iterator[bytes]:
    """The samples of a source; those of a path, of bytes and of a stream in pieces of 100 ms.

    Raises:
        ValueError: The file has another format.
        OSError: It cannot be read.
    """
    size = int(rate * _PIECE_SECONDS) * _SAMPLE_BYTES[encoding]
    if isinstance(source, str | os.PathLike):
        yield from _decoded(Path(source), encoding, rate)
    elif isinstance(source, bytes | bytearray):
        for start in range(0, len(source), size):
            yield bytes(source[start : start + size])
    elif hasattr(source, "read"):
        while piece := source.read(size):
            yield piece
    else:
        yield from source


def seconds_of(piece: bytes, encoding: str, rate: int) -> float:
    """How long a piece takes to speak."""
    return len(piece) / (_SAMPLE_BYTES[encoding] * rate)


def _decoded(path: Path, encoding: str, rate: int) -> Iterator[bytes]:
    """The samples of a file: of a fitting WAV by Python itself, of all others by PyAV."""
    if encoding != "audio/pcm":
        raise ValueError("A recording is sent as PCM: leave `encoding` out.")
    frames = int(rate * _PIECE_SECONDS)
    try:
        with wave.open(os.fspath(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, rate):
                while piece := file.readframes(frames):
                    yield piece
                return
    except (wave.Error, EOFError):
        pass  # no WAV, or one without PCM
    yield from _by_pyav(path, rate, frames)


def _by_pyav(path: Path, rate: int, frames: int) -> Iterator[bytes]:
    try:
        import av
    except ImportError:
        raise ValueError(
            f"A recording must be a WAV file of 16-bit samples, mono, {rate} a second. "
            "`pip install av` decodes all others."
        ) from None
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate, frame_size=frames)
    try:
        with av.open(os.fspath(path)) as recording:
            if not recording.streams.audio:
                raise ValueError("The file has no audio.")
            for frame in recording.decode(audio=0):
                for part in resampler.resample(frame):
                    yield _samples(part)
    except av.FFmpegError as error:
        raise ValueError(f"The recording cannot be decoded ({type(error).__name__}).") from None
    for part in resampler.resample(None):
        yield _samples(part)


def _samples(frame: av.AudioFrame) -> bytes:
    """The samples of a packed frame; `to_ndarray` would need NumPy. Its plane may be padded."""
    return bytes(frame.planes[0])[: frame.samples * 2]
