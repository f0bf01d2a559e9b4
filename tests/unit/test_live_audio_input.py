"""The formats of a live session, compared with ffmpeg's decoders."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from samo.live.audio_input import AudioInput


def tone(rate, seconds=1.0, hertz=440):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


def pcm(samples):
    return (samples * 32_767).astype("<i2").tobytes()


def decode(stream, data, step):
    return np.concatenate([stream.decode(data[at : at + step]) for at in range(0, len(data), step)])


@pytest.mark.parametrize(("encoding", "codec"), [("audio/pcmu", "mulaw"), ("audio/pcma", "alaw")])
def test_g711_as_ffmpeg_decodes_it(encoding, codec):
    data = bytes(range(256)) * 4
    with av.open(io.BytesIO(data), format=codec, options={"sample_rate": "16000"}) as container:
        expected = np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)])
    ours = AudioInput(encoding, 16_000).decode(data)
    assert np.array_equal(ours, expected.astype(np.float32) / 32_768)


@pytest.mark.parametrize("rate", [8_000, 24_000])
@pytest.mark.parametrize("step", [1, 1_001, 4_800])
def test_resampling_in_pieces_of_any_size(rate, step):
    seconds = 0.05 if step == 1 else 1.0
    ours = decode(AudioInput("audio/pcm", rate), pcm(tone(rate, seconds)), step)
    expected = tone(16_000, seconds)[: len(ours)]
    assert len(ours) == pytest.approx(16_000 * seconds, abs=40)
    assert np.abs(ours - expected)[100:].max() < 0.01


def test_16_khz_is_taken_as_it_is():
    samples = tone(16_000)
    ours = decode(AudioInput("audio/pcm", 16_000), pcm(samples), 333)
    assert np.abs(ours - samples).max() < 1e-4
