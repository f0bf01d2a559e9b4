"""Multipart forms as clients send them: names, files, options, and unsupported fields."""

from __future__ import annotations

import pytest

from samo import limits
from tests.http.errors import error_of
from tests.http.test_speech_routes import SILENCE, upload

OPENAI = "/v1/audio/transcriptions"
OWN = ("/transcribe/voice", "/analyze/voice-journal")
UPLOADS = (*OWN, OPENAI, "/v1/audio/translations")
BOUNDARY = b"--b\r\n"


def form(*parts, end=b"--b--\r\n"):
    """A form of (headers, content)."""
    return b"".join(BOUNDARY + h + b"\r\n\r\n" + content + b"\r\n" for h, content in parts) + end


def post(client, path, body, content_type="multipart/form-data; boundary=b", **headers):
    return client.post(path, content=body, headers={"content-type": content_type, **headers})


def verbose(client, recording, *fields):
    """OpenAI's route with `fields`, names and values."""
    files = [(name, (None, value)) for name, value in fields]
    given = [("file", ("a.flac", recording)), ("response_format", (None, "verbose_json")), *files]
    return client.post(OPENAI, files=given)


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize("field", ["file", "audio_file", "File", "file[]"])
def test_every_route_takes_the_recordings_names(client, recording, path, field):
    assert upload(client, path, recording, field=field).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        b'Content-Disposition: form-data; name="file"; filename="a.wav"',
        b'Content-Disposition: form-data; name="file"',
        b"Content-Disposition: form-data; name=file",
        b"Content-Disposition: form-data; name='file'; filename='a.wav'",
        b'Content-Disposition: form-data; name="file"; filename="C:\\a"\r\nContent-Type: text/x',
        b'Content-Disposition: form-data; name="file"\r\nContent-Type: audio/wav',
        b"Content-Disposition: form-data; name=\"file\"; filename*=utf-8''Aufnahme%20%C3%BC.wav",
        b'content-disposition: form-data; filename=""; name="file"',
        b'Content-Disposition: form-data; name="file"; filename="\xfc\xff.wav"',
        b'Content-Disposition: form-data; name="file"; filename="a"\r\n'
        b"Content-Transfer-Encoding: Binary",
    ],
)
@pytest.mark.parametrize("path", UPLOADS)
def test_a_file_is_one_whatever_its_headers_say(client, path, headers):
    assert post(client, path, form((headers, SILENCE))).status_code == 200


@pytest.mark.parametrize("size", [3, 2_000_000])
@pytest.mark.parametrize("path", UPLOADS)
def test_a_text_in_place_of_the_file_is_a_422(client, path, size):
    text = "ü".encode() * (size // 2)
    body = form((b'Content-Disposition: form-data; name="file"', text))
    assert "no filename" in error_of(post(client, path, body), 422)["message"]


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize("second", ["file", "audio_file"])
def test_two_recordings_are_a_422(client, path, second):
    files = [("file", ("a.wav", SILENCE)), (second, ("b.wav", SILENCE))]
    assert "one recording" in error_of(client.post(path, files=files), 422)["message"]


def test_a_browsers_empty_choice_is_no_file(client):
    empty = b'Content-Disposition: form-data; name="file"; filename=""'
    audio = b'Content-Disposition: form-data; name="file"; filename="a.wav"'
    assert post(client, OPENAI, form((empty, b""), (audio, SILENCE))).status_code == 200
    error = error_of(post(client, OPENAI, form((empty, b""))), 422)
    assert error["message"] == "file: This field is required."


@pytest.mark.parametrize("path", OWN)
def test_a_file_of_another_name_is_a_422(client, recording, path):
    response = upload(client, path, recording, field="my_secret_diary")
    assert "`audio_file`" in error_of(response, 422)["message"]
    assert "diary" not in response.text


@pytest.mark.parametrize("path", UPLOADS)
def test_unknown_fields_are_a_422_that_does_not_repeat_them(client, path):
    response = upload(client, path, SILENCE, my_secret="x")
    assert error_of(response, 422)["message"].startswith("(unknown field)")
    assert "secret" not in response.text
    error = error_of(upload(client, path, SILENCE, langauge="en"), 422)
    assert "`language`" in error["message"]


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", "Names: Ana"), ("temperature", "0.4"), ("include[]", "logprobs"),
        ("chunking_strategy[type]", "server_vad"), ("known_speaker_names[]", "Ana"),
        ("known_speaker_references[0]", "data:"), ("keywords", "a"), ("hotwords", "a"),
        ("diarize", "true"), ("vad_filter", "true"), ("url", "http://x"), ("top_k", "3"),
    ],
)  # fmt: skip
def test_known_wishes_that_are_not_honoured_are_refused_by_name(client, path, field, value):
    error = error_of(upload(client, path, SILENCE, **{field: value}), 422)
    assert error["message"].startswith(field.partition("[")[0])


def test_options_of_another_route_are_refused_by_name(client):
    for path, field, value in (
        (OPENAI, "vad_filter", "true"),
        (OPENAI, "url", "http://x"),
        (OPENAI, "beam_size", "3"),
        ("/v1/audio/translations", "top_k", "3"),
        ("/transcribe/voice", "generate_summary", "true"),
        ("/transcribe/voice", "response_format", "srt"),
        ("/transcribe/voice", "stream", "true"),
        ("/analyze/voice-journal", "task", "translate"),
        (OPENAI, "task", "translate"),
    ):
        error = error_of(upload(client, path, SILENCE, **{field: value}), 422)
        assert error["message"].startswith(field.removesuffix("[]"))


@pytest.mark.parametrize("path", UPLOADS)
def test_what_asks_for_nothing_passes(client, path):
    fields = {"temperature": "0", "stream": "False", "prompt": "", "chunking_strategy": "auto",
              "include[]": "", "diarize": "no", "keywords[]": "null", "_charset_": "utf-8",
              "language": "null", "task": " ", "model": ""}  # fmt: skip
    assert upload(client, path, SILENCE, **fields).status_code == 200
    for number in ("0.00", "-0", "0e0"):
        assert upload(client, path, SILENCE, temperature=number).status_code == 200


@pytest.mark.parametrize("nothing", ["", " ", "null", "None", "undefined"])
def test_blank_options_count_as_left_out(client, recording, nothing):
    own = {"language": nothing, "task": nothing, "timestamp": nothing}
    assert upload(client, "/transcribe/voice", recording, **own).json()["words"] is None
    insight = {"language": nothing, "generate_summary": nothing, "emotion_threshold": nothing}
    body = upload(client, "/analyze/voice-journal", recording, **insight).json()
    assert body["summary"] is not None
    fields = ["model", "language", "response_format", "timestamp_granularities[]", "stream"]
    response = upload(client, OPENAI, recording, "file", **dict.fromkeys(fields, nothing))
    assert response.json() == {
        "text": "I felt joy for 11 seconds.",
        "languages": [{"code": "en"}],
        "usage": {"type": "duration", "seconds": 11.0},
    }


def test_options_have_no_case(client, recording):
    for response_format, start in (("JSON", '{"text"'), ("Text", "I felt"), ("VTT", "WEBVTT")):
        response = upload(client, OPENAI, recording, "file", response_format=response_format)
        assert response.text.startswith(start)
    assert upload(client, "/transcribe/voice", recording, task="Translate").status_code == 200
    assert upload(client, "/transcribe/voice", recording, task="Sing").status_code == 422


@pytest.mark.parametrize("value", ["true", "1", "yes", "True", "ON", " true "])
def test_yes_in_a_form(client, recording, value):
    assert upload(client, "/transcribe/voice", recording, timestamp=value).json()["words"]


@pytest.mark.parametrize("value", ["false", "0", "no", "FALSE", "off"])
def test_no_in_a_form(client, recording, value):
    body = upload(client, "/analyze/voice-journal", recording, generate_summary=value).json()
    assert body["summary"] is None


@pytest.mark.parametrize("value", ["nan", "inf", "1.5", "-1", "half"])
def test_numbers_keep_their_limits(client, value):
    error = error_of(upload(client, OWN[1], SILENCE, emotion_threshold=value), 422)
    assert error["message"].startswith("emotion_threshold")


@pytest.mark.parametrize("path", UPLOADS)
def test_languages_are_read_as_clients_write_them(client, recording, path):
    for given, code in (("en-US", "en"), ("pt_BR", "pt"), ("iw", "he"), ("Español", "es")):
        response = upload(client, path, recording, language=given)
        assert response.status_code == 200
        body = response.json()
        if path in OWN:
            assert body.get("transcription", body)["language"] == code
        else:
            assert body["languages"] == [{"code": code}]
    for given in ("xx", "jp"):
        error = error_of(upload(client, path, recording, language=given), 422)
        assert error["message"].startswith("language")
        if path in OWN:
            assert "pt" in error["details"]["errors"][0]["valid"]
        else:
            assert error["param"] == "language"


@pytest.mark.parametrize(
    "fields",
    [
        [("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")],
        [("timestamp_granularities[0]", "word"), ("timestamp_granularities[1]", "segment")],
        [("timestamp_granularities", "word"), ("timestamp_granularities", "segment")],
        [("timestamp_granularities[]", "word,segment")],
        [("timestamp_granularities", '["word", "segment"]')],
        [("Timestamp_Granularities[]", "Word, Segment")],
    ],
)
def test_granularities_in_every_spelling(client, recording, fields):
    body = verbose(client, recording, *fields).json()
    assert body["words"]
    assert body["segments"]


def test_granularities_that_are_not_understood(client, recording):
    for value in ("syllable", "word;segment", '[["word"]]', "{}"):
        error = error_of(verbose(client, recording, ("timestamp_granularities", value)), 422)
        assert error["message"].startswith("timestamp_granularities[]")
    for response_format in ("json", "text", "srt", "vtt"):
        fields = {"response_format": response_format, "timestamp_granularities[]": "word"}
        error = error_of(upload(client, OPENAI, recording, "file", **fields), 422)
        assert "verbose_json" in error["message"]


def test_a_charset_of_the_form_or_of_a_part(client, recording):
    value = "español".encode("latin-1")
    name = b'Content-Disposition: form-data; name="language"'
    audio = (b'Content-Disposition: form-data; name="file"; filename="a"', recording)
    declared = form((name + b"\r\nContent-Type: text/plain; charset=iso-8859-1", value), audio)
    assert post(client, OWN[0], declared).json()["language"] == "es"
    whole = "multipart/form-data; boundary=b; charset=iso-8859-1"
    assert post(client, OWN[0], form((name, value), audio), whole).json()["language"] == "es"


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "application/json", "audio/wav", "multipart/mixed; a=b"],
)
def test_other_types_are_a_415(client, path, content_type):
    error = error_of(post(client, path, b"&" * 1_000_000, content_type), 415)
    assert error["code"] == "unsupported_media_type"
    assert "multipart/form-data" in error["message"]


def test_nothing_at_all_is_a_422(client):
    for path in UPLOADS:
        assert "multipart" in error_of(client.post(path), 422)["message"]


def test_a_compressed_form_is_a_415(client):
    error_of(post(client, OWN[0], b"x", **{"content-encoding": "gzip"}), 415)


def field(name, value):
    return b'Content-Disposition: form-data; name="%s"' % name, value


@pytest.mark.parametrize(
    "body",
    [
        form((b"Content-Disposition: form-data", b"x")),
        form((b"Content-Type: audio/wav", b"x")),
        form((b"X-" + b"a" * 20_000 + b": b\r\n" + field(b"file", b"")[0], SILENCE)),
        form((b"\r\n".join(b"X-%d: b" % i for i in range(50)), b"x")),
        form((field(b"file", b"")[0] + b"\r\nContent-Transfer-Encoding: base64", b"UklGRg==")),
        form(*[field(b"language", b"en")] * (limits.MAX_FORM_FIELDS + 1)),
        form(*[(field(b"file", b"")[0] + b'; filename="a"', b"x")] * 500),
        form(field(b"language", b"e" * (limits.MAX_FORM_FIELD_BYTES + 1))),
        form((field(b"file", b"")[0] + b'; filename="a"', SILENCE), end=b""),
        form(field(b"file", SILENCE))[:-2_000],
        b"--b\r\n",
        b"",
        b"\r\n" * 1_000,
    ],
    ids=["no name", "no disposition", "long header", "many headers", "base64", "many fields",
         "many files", "long field", "no end", "cut short", "only a boundary", "empty",
         "line breaks"],
)  # fmt: skip
def test_malformed_forms_are_a_400(client, body, caplog):
    error_of(post(client, "/transcribe/voice", body), 400)
    assert not [record for record in caplog.records if record.name.startswith("python_multipart")]


def test_a_form_without_a_boundary_is_a_400(client):
    error_of(post(client, OWN[0], form(), "multipart/form-data"), 400)
    error_of(post(client, OWN[0], form(), f"multipart/form-data; boundary={'b' * 500}"), 400)


def test_a_field_that_is_too_long_is_named(client):
    long = b"e" * (limits.MAX_FORM_FIELD_BYTES + 1)
    error = error_of(post(client, OWN[0], form(field(b"language", long))), 400)
    assert "language has more than" in error["message"]
    error = error_of(post(client, OWN[0], form(field(b"secret", long))), 400)
    assert "(unknown field) has more than" in error["message"]
