"""The audio of a live session: from the bytes of the client's format to samples at 16 kHz."""

from __future__ import annotations

from typing import Final, Literal

import av
import numpy as np
import numpy.typing as npt

from runners.transcriber.transcript import SAMPLE_RATE
from samo.live.client_events import EventError
from samo.live.containers import HEAD_BYTES, recognize

Encoding = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
"""16-bit little-endian samples; G.711 with the mu-law or the A-law. All are mono."""
TELEPHONE_RATE: Final = 8_000
"""Samples per second of G.711."""

Samples = npt.NDArray[np.float32]
_PCM_SCALE: Final = 32_768.0


class AudioInput:
    """Decodes one stream of audio.

    Args:
        encoding: the format of the bytes.
        rate: samples per second.
    """

    def __init__(self, encoding: Encoding, rate: int) -> None:
        self._table = {"audio/pcm": None, "audio/pcmu": _MU_LAW, "audio/pcma": _A_LAW}[encoding]
        self._encoding = encoding
        self._rate = rate
        self._head: bytes | None = b""  # of the stream; None when it cannot be a file any more
        self._odd = b""
        self._resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)

    def decode(self, data: bytes) -> Samples:
        """The next samples, shape (n,) within [-1, 1], at 16 kHz.

        Half a sample at the end waits for its other half. The resampler keeps about a millisecond.

        Raises:
            EventError: The stream began as a file.
        """
        self._check(data)
        if self._table is not None:
            samples = self._table[np.frombuffer(data, np.uint8)]
        else:
            data = self._odd + data
            self._odd = data[len(data) & ~1 :]
            samples = np.frombuffer(data[: len(data) & ~1], "<i2").astype(np.float32) / _PCM_SCALE
        if self._rate == SAMPLE_RATE or not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = self._rate
        parts = [part.to_ndarray().ravel() for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def restart(self) -> None:
        """What follows is a new stream, after one that was committed or forgotten."""
        self._head = b""

    def _check(self, data: bytes) -> None:
        if self._head is None:
            return
        head = (self._head + data)[:HEAD_BYTES]
        name = recognize(head, self._encoding)
        if name is None and len(head) == HEAD_BYTES:
            self._head = None
            return
        self._head = head
        if name is not None:
            kind = {"audio/pcm": "16-bit PCM", "audio/pcmu": "mu-law", "audio/pcma": "A-law"}
            raise EventError(
                f"audio: it looks like {name}, which a live session does not decode: send "
                f"input_audio_buffer.clear, then {kind[self._encoding]} samples, mono, "
                f"{self._rate} a second, as configured.",
                param="audio",
            )


def _mu_law() -> Samples:
    """The sample of each byte, by ITU-T G.711."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    magnitude = ((2 * mantissa + 33) << exponent.astype(np.int32)) - 33
    return _scaled(magnitude, (code & 128) != 0, 4)


def _a_law() -> Samples:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    magnitude = np.where(
        exponent == 0, 2 * mantissa + 1, (2 * mantissa + 33) << np.maximum(exponent - 1, 0)
    )
    return _scaled(magnitude, (code & 128) == 0, 8)


def _scaled(
    magnitude: npt.NDArray[np.int32], is_negative: npt.NDArray[np.bool_], step: int
) -> Samples:
    signed = np.where(is_negative, -magnitude, magnitude)
    return (signed * step / _PCM_SCALE).astype(np.float32)


_MU_LAW: Final = _mu_law()
_A_LAW: Final = _a_law()
