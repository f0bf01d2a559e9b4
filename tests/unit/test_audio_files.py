"""Recordings that are decoded from file to file."""

from __future__ import annotations

import asyncio
import tempfile

import numpy as np
import pytest

from runners.errors import AudioTooLong, UndecodableAudio, UnsupportedAudio
from samo.audio import decode, files
from samo.audio.files import decode_file
from samo.jobs.decoding import decode_recording
from tests.recordings import (
    WRITABLE,
    make,
    mp3_with_cover,
    pcm,
    syllables,
    tone,
    tracks,
    video,
    wav,
)


def decoded(data, max_seconds=60.0):
    """What is known of the recording, and its samples."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as output:
        file.write(data)
        file.flush()
        result = decode_file(file, output, max_seconds)
        output.seek(0)
        return result, np.frombuffer(output.read(), np.int16) / 32768


@pytest.fixture(params=["parsed", "large"])
def size(request, monkeypatch):
    if request.param == "large":
        monkeypatch.setattr(files, "MAX_PARSED_BYTES", 10)
    return request.param


@pytest.mark.parametrize("name", WRITABLE)
def test_it_is_what_a_request_decodes(name, size):
    data = make(name)
    expected = decode(data)
    result, samples = decoded(data)
    assert (result.container, result.codec) == (expected.container, expected.codec)
    assert result.samples == len(samples) == len(expected.samples)
    assert np.abs(samples - expected.samples).max() < 1e-4


def test_a_long_recording_is_mixed_in_blocks(monkeypatch):
    monkeypatch.setattr(files._FileSink, "block_samples", 1000)
    stereo = np.stack([pcm(3), pcm(3)], 1)
    result, samples = decoded(wav(stereo, channels=2))
    assert result.samples == 48_000
    # an offset is removed from each block
    assert np.abs(samples - decode(wav(stereo, channels=2)).samples).max() < 1e-2


def test_the_track_with_speech_is_kept(size):
    for sounds in ((tone(), syllables()), (syllables(), tone())):
        data = tracks(*sounds)
        result, samples = decoded(data)
        assert result.samples == len(samples)
        assert np.abs(samples - decode(data).samples).max() < 1e-3


def test_joined_files_are_joined_or_refused(size):
    joined = wav(pcm(1)) + wav(pcm(2))
    if size == "large":
        with pytest.raises(UndecodableAudio, match="joined byte by byte"):
            decoded(joined)
    else:
        assert decoded(joined)[0].samples == 48_000


@pytest.mark.parametrize("name", ["wav", "flac", "aiff", "mp3"])
def test_half_a_file_is_refused(name, size):
    data = make(name)
    with pytest.raises(UndecodableAudio):
        decoded(data[: len(data) // 2])


def test_the_length_is_limited(size):
    with pytest.raises(AudioTooLong, match="longer than 2 s"):
        decoded(wav(pcm(4)), max_seconds=2)


def test_a_cover_is_no_audio(size):
    result, _ = decoded(mp3_with_cover())
    assert result.container == "mp3"


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%PDF-1.7" + bytes(100), video(with_audio=False), bytes(1000)]
)
def test_other_files_are_refused(data, size):
    with pytest.raises((UnsupportedAudio, UndecodableAudio)):
        decoded(data)


def in_process(data, tmp_path, max_seconds=60.0):
    async def run():
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            return await decode_recording(file, tmp_path, max_seconds)

    return asyncio.run(run())


def test_in_a_process_of_its_own(tmp_path):
    data = wav(pcm(3))
    recording = in_process(data, tmp_path)
    assert (recording.sample_count, recording.duration) == (48_000, 3.0)
    expected = decode(data).samples
    assert np.abs(recording.read(0, 48_000) - expected).max() < 1e-4
    assert np.abs(recording.read(47_000, 5_000) - expected[47_000:]).max() < 1e-4
    recording.close()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (wav(pcm(4)), AudioTooLong),
        (b"hello", UnsupportedAudio),
    ],
)
def test_its_errors_arrive(data, error, tmp_path):
    with pytest.raises(error):
        in_process(data, tmp_path, max_seconds=2)


def test_a_process_that_dies_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("samo.jobs.decoding._MODULE", "samo.hashing")
    with pytest.raises(UndecodableAudio, match="cannot be decoded"):
        in_process(wav(pcm(1)), tmp_path)
