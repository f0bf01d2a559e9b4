from __future__ import annotations

import io
import wave
import zipfile

import numpy as np
import pytest

from tests import recordings
from tests.http.errors import error_of


def wav(samples: bytes) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return buffer.getvalue()


SILENCE = wav(bytes(2 * 16_000 * 3))
SILENCE_OF_302_S = wav(bytes(2 * 16_000 * 302))


def upload(client, path, data, field="audio_file", name="entry.wav", **fields):
    return client.post(path, files={field: (name, data)}, data=fields)


def test_transcribe(client, recording):
    body = upload(client, "/transcribe/voice", recording).json()
    assert body["text"] == "I felt joy for 11 seconds."
    assert body["word_count"] == 6
    assert body["speaking_rate"] == pytest.approx(6 / 11 * 60, abs=0.1)
    assert body["no_speech"] is False
    assert body["words"] is None


def test_transcribe_gives_words_when_asked(client, recording):
    body = upload(client, "/transcribe/voice", recording, timestamp="true").json()
    assert [word["word"] for word in body["words"]] == body["text"].split()


def test_the_gaps_of_a_paused_recording_are_listed(client, recording):
    assert upload(client, "/transcribe/voice", recording).json()["gaps"] == []
    paused = recordings.with_hole("webm", "libopus", before=2.0, hole=4.0, after=1.0)
    body = upload(client, "/transcribe/voice", paused).json()
    (gap,) = body["gaps"]
    assert (gap["at"], gap["seconds"]) == pytest.approx((2.0, 4.0), abs=0.1)
    assert body["duration"] == pytest.approx(3.0, abs=0.1)
    insight = upload(client, "/analyze/voice-journal", paused).json()
    assert insight["transcription"]["gaps"] == body["gaps"]


def test_eight_channels_do_not_end_the_service(client):
    body = upload(client, "/transcribe/voice", recordings.wav(np.zeros(8, "<i2"), channels=8))
    assert body.status_code == 200
    body = upload(client, "/transcribe/voice", recordings.wav(np.zeros(64, "<i2"), channels=64))
    assert (body.status_code, body.json()["error"]["code"]) == (415, "unsupported_audio")


def test_silence_is_empty_and_says_so(client):
    body = upload(client, "/transcribe/voice", SILENCE).json()
    assert (body["text"], body["no_speech"], body["segments"]) == ("", True, [])
    insight = upload(client, "/analyze/voice-journal", SILENCE).json()
    assert insight["transcription"]["no_speech"] is True
    assert insight["emotion_analysis"] is None
    assert insight["summary"] is None
    assert insight["arc"] == []
    assert insight["degraded"] == []


def test_the_arc_of_a_recording_has_its_seconds(client, recording):
    body = upload(client, "/analyze/voice-journal", recording).json()
    (point,) = body["arc"]
    assert (point["start_seconds"], point["end_seconds"]) == (0.0, pytest.approx(11.0, abs=0.1))
    assert body["pipeline_status"]["voice_processing"] is True
    assert set(body["timings_ms"]) == {"transcription", "emotion", "summary"}


def test_the_name_and_content_type_do_not_matter(client, recording):
    response = client.post(
        "/transcribe/voice", files={"audio_file": ("notes.txt", recording, "text/plain")}
    )
    assert response.json()["word_count"] == 6


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("entry.wav", SILENCE)
    return buffer.getvalue()


@pytest.mark.parametrize("path", ["/transcribe/voice", "/analyze/voice-journal"])
@pytest.mark.parametrize(
    "data",
    [b"", b"hello", zipped(), b"RIFF\xff\xff\xff\xffWAVE", b"#EXTM3U\nfile:///etc/passwd\n"],
    ids=["nothing", "text", "zip", "header only", "playlist"],
)
def test_what_is_no_audio_gets_a_4xx(client, path, data):
    response = upload(client, path, data)
    assert 400 <= response.status_code < 500
    assert "passwd" not in response.text
    error_of(response, response.status_code)


def test_a_string_is_no_file_and_no_url_to_fetch(client):
    part = {"audio_file": (None, "http://127.0.0.1:1/x.wav")}
    error = error_of(client.post("/transcribe/voice", files=part), 422)
    assert error["message"].startswith("audio_file: Must be a file")


@pytest.mark.parametrize(
    "fields", [{"task": "sing"}, {"timestamp": "perhaps"}], ids=["task", "timestamp"]
)
def test_bad_fields_are_named(client, recording, fields):
    error = error_of(upload(client, "/transcribe/voice", recording, **fields), 422)
    assert error["message"].startswith(next(iter(fields)))


def test_malformed_multipart_is_a_400(client):
    headers = {"content-type": "multipart/form-data; boundary=b"}
    error_of(client.post("/transcribe/voice", content=b"--x\r\n", headers=headers), 400)


def test_a_body_above_the_limit_is_refused(client):
    refused = upload(client, "/transcribe/voice", bytes(27 * 1024 * 1024))
    assert error_of(refused, 413)["code"] == "payload_too_large"


def test_a_chunked_body_above_the_limit_is_refused(client):
    chunks = (bytes(1024 * 1024) for _ in range(40))
    error_of(client.post("/predict", content=chunks), 413)


@pytest.mark.parametrize(
    "path", ["/transcribe/voice", "/analyze/voice-journal", "/v1/audio/transcriptions"]
)
def test_a_recording_that_is_too_long_may_be_a_job(client, path):
    refused = client.post(path, files={"audio_file": SILENCE_OF_302_S})
    error = error_of(refused, 413)
    assert error["code"] == "audio_too_long"
    assert "300 s: divide it into parts, or send it to POST /v1/jobs" in error["message"]
    large = client.post(path, files={"audio_file": bytes(27 * 1024 * 1024)})
    assert error_of(large, 413)["message"].endswith("POST /v1/jobs takes larger ones.")
