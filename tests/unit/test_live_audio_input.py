"""The formats of a live session, compared with ffmpeg's decoders."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from samo.live.audio_input import AudioInput
from samo.live.client_events import EventError


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


def file_of(container, codec, sample_format="fltp"):
    """A second of a tone, as a file."""
    data = io.BytesIO()
    with av.open(data, "w", format=container) as output:
        stream = output.add_stream(codec, rate=48_000, layout="mono", format=sample_format)
        resampler = av.AudioResampler(sample_format, "mono", 48_000, stream.frame_size or 4_800)
        samples = tone(48_000).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for part in [*resampler.resample(frame), None]:
            output.mux(stream.encode(part))
    return data.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "sample_format", "name"),
    [
        ("webm", "libopus", "flt", "WebM"),
        ("ogg", "libopus", "flt", "Ogg"),
        ("flac", "flac", "s16", "FLAC"),
        ("mp3", "libmp3lame", "fltp", "MP3"),
        ("ipod", "aac", "fltp", "M4A"),
        ("wav", "pcm_f32le", "flt", "32-bit float"),
        ("wav", "pcm_mulaw", "s16", "8-bit mu-law"),
    ],
)
@pytest.mark.parametrize("step", [7, 4_800])
def test_a_file_is_refused_by_its_name_until_the_buffer_is_cleared(
    container, codec, sample_format, name, step
):
    data = file_of(container, codec, sample_format)
    stream = AudioInput("audio/pcm", 24_000)
    with pytest.raises(EventError, match=rf"{name}.*16-bit PCM.*24000") as caught:
        decode(stream, data, step)
    assert caught.value.param == "audio"
    with pytest.raises(EventError):
        stream.decode(pcm(tone(24_000)))
    stream.restart()
    assert len(stream.decode(pcm(tone(24_000))))


def test_mp3_without_tags_is_recognized():
    data = file_of("mp3", "libmp3lame")
    with pytest.raises(EventError, match="MP3"):
        AudioInput("audio/pcm", 24_000).decode(data[data.index(b"\xff\xfb") :])


def test_samples_and_wav_files_with_such_samples_are_no_files():
    for data in (file_of("wav", "pcm_s16le", "s16"), b"\xff\xfb" * 4_000, b"\0" * 4_000):
        assert len(AudioInput("audio/pcm", 16_000).decode(data))
    wav = file_of("wav", "pcm_mulaw", "s16")
    assert len(AudioInput("audio/pcmu", 8_000).decode(wav))
