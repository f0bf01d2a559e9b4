"""JSON as clients send it: encodings, odd values, options that say nothing."""

from __future__ import annotations

import gzip
import json

import pytest

from samo import limits
from tests.http.errors import error_of

JSON = "application/json"
CAFE = '{"text": "café was joy"}'


def post(client, body, content_type=JSON, path="/predict", **headers):
    return client.post(path, content=body, headers={"content-type": content_type, **headers})


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (CAFE.encode("utf-8-sig"), JSON),
        (CAFE.encode("utf-8-sig"), f"{JSON}; charset=utf-8"),
        (CAFE.encode(), f'{JSON}; Charset="UTF8"'),
        (CAFE.encode("latin-1"), f"{JSON}; charset=iso-8859-1"),
        (CAFE.encode("cp1252"), f"{JSON};charset=windows-1252"),
        (CAFE.encode("utf-16"), f"{JSON}; charset=utf-16"),
        (CAFE.encode("utf-16-le"), f"{JSON}; charset=utf-16"),
        (CAFE.encode("utf-16-be"), f"{JSON}; charset=utf-16"),
        (CAFE.encode("utf-32"), f"{JSON}; charset=utf-32"),
        (CAFE.encode(), "application/vnd.api+json"),
        (CAFE.encode(), "Application/JSON"),
    ],
)
def test_encodings_that_are_declared_are_read(client, body, content_type):
    assert post(client, body, content_type).json()["emotions"][0]["emotion"] == "joy"


def test_the_text_survives_its_encoding(client):
    body = '{"text": "Grüße. Joy!"}'.encode("utf-16")
    insight = post(client, body, f"{JSON}; charset=utf-16", path="/analyze/journal").json()
    assert [point["text"] for point in insight["arc"]] == ["Grüße.", "Joy!"]


@pytest.mark.parametrize("codec", ["latin-1", "utf-16", "utf-16-le", "utf-32", "utf-16-be"])
def test_encodings_that_are_not_declared_are_named(client, codec):
    error = error_of(post(client, CAFE.encode(codec)), 400)
    assert "UTF-8" in error["message"]


def test_an_encoding_that_is_not_the_declared_one(client):
    error = error_of(post(client, CAFE.encode("latin-1"), f"{JSON}; charset=utf-8"), 400)
    assert "UTF-8" in error["message"]
    error = error_of(post(client, b'{"text": "x"', f"{JSON}; charset=utf-16"), 400)
    assert error["code"] == "malformed_request"


@pytest.mark.parametrize("charset", ["martian", "hex", "idna", "utf-7", "\\0", "x" * 5000])
def test_unknown_charsets_are_a_415(client, charset):
    error = error_of(post(client, CAFE.encode(), f"{JSON}; charset={charset}"), 415)
    assert error["code"] == "unsupported_media_type"
    assert "martian" not in error["message"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_other_types_are_a_415(client, content_type):
    assert JSON in error_of(post(client, CAFE.encode(), content_type), 415)["message"]


def test_a_compressed_body_is_a_415(client):
    body = gzip.compress(CAFE.encode())
    error_of(post(client, body, **{"content-encoding": "gzip"}), 415)
    assert post(client, CAFE.encode(), **{"content-encoding": "identity"}).status_code == 200


def test_half_of_an_emoji_gets_advice(client):
    error = error_of(post(client, '{"text": "so happy \\ud83d"}'), 400)
    assert "Half of an emoji" in error["message"]


def test_a_line_break_in_a_string_gets_advice(client):
    assert r"\n" in error_of(post(client, b'{"text": "a\nb"}'), 400)["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"text": "x", "threshold": NaN}', 400),
        (b'{"text": "x", "threshold": -Infinity}', 400),
        (b'{"text": "x", "threshold": 1e400}', 422),
        (b'{"text": "x", "top_k": 1e400}', 422),
        (b'{"text": "x", "top_k": ' + b"9" * 300 + b"}", 422),
        (b'{"text": "x", "top_k": ' + b"9" * 5_000 + b"}", 400),
        (b'{"text": "x", "top_k": 3.5}', 422),
        (b'{"text": "x", "top_k": true}', 422),
        (b'{"text": "x", "threshold": true}', 422),
        (b'{"text": "x", "top_k": 1e308}', 422),
        (b'{"text": "x", "threshold": "half"}', 422),
        (b'{"text": "x", "threshold": [0.5]}', 422),
        (b'{"text": "x", "text": "y"}', 400),
        (b'{"text": "x", "top_k": 1, "top_k": 2}', 400),
        (b'{"text": "x", "explain": {"a": ' + b"[" * 150 + b"]" * 150 + b"}}", 422),
        (b'{"text": "\\udc00 x"}', 400),
        (b'{"text": {"text": "x"}}', 422),
        (b'"text"', 422),
        (b"12", 422),
        (b" \n", 422),
        (b"\x00", 400),
        (b"{'text': 'x'}", 400),
        (b'{"text": "x",}', 400),
        (b'{"text": "x"} {"text": "y"}', 400),
    ],
)
def test_odd_values_are_refused(client, body, status):
    error_of(post(client, body), status)


@pytest.mark.parametrize("body", [b'{"text": "text"}', b'{"text": "\\"text\\": \\"text\\""}'])
def test_a_text_may_hold_the_fields_name(client, body):
    assert post(client, body).status_code == 200


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_what_says_nothing_counts_as_left_out(client, nothing):
    options = dict.fromkeys(("explain", "groupings", "threshold", "top_k"), nothing)
    plain = client.post("/predict", json={"text": "joy"}).json()
    given = client.post("/predict", json={"text": "joy", **options}).json()
    assert given["emotions"] == plain["emotions"]
    assert set(given) == set(plain)
    batch = {"texts": ["joy"], "groupings": nothing, "threshold": nothing, "top_k": nothing}
    assert client.post("/predict_batch", json=batch).status_code == 200
    insight = {"text": "joy", "generate_summary": nothing, "emotion_threshold": nothing}
    assert client.post("/analyze/journal", json=insight).json()["summary"] is not None
    core = {"text": "joy", "max_sentences": nothing, "focus": nothing}
    assert client.post("/summarize/text", json=core).status_code == 200


@pytest.mark.parametrize(
    "options",
    [{"threshold": "0", "top_k": "3"}, {"threshold": 0, "top_k": 3.0}, {"threshold": "0.0",
     "top_k": " 3 "}],
)  # fmt: skip
def test_numbers_in_quotes_and_whole_floats(client, options):
    assert len(client.post("/predict", json={"text": "joy", **options}).json()["emotions"]) == 3


def test_numbers_in_quotes_keep_their_limits(client):
    for option in ({"threshold": "1.5"}, {"top_k": "0"}, {"top_k": "29"}):
        error_of(client.post("/predict", json={"text": "joy", **option}), 422)
    error_of(client.post("/summarize/text", json={"text": "a", "max_sentences": "11"}), 422)


def test_names_have_no_case(client):
    request = {"text": "Joy. Rain. Home.", "focus": "Gist", "max_sentences": "1"}
    assert client.post("/summarize/text", json=request).json()["summary"] == "Joy."


def test_an_unknown_field_gets_the_known_one_it_may_mean(client):
    error = error_of(client.post("/predict", json={"text": "a", "Treshold": 1}), 422)
    assert "`threshold`" in error["message"]
    assert "Treshold" not in json.dumps(error)
    error = error_of(client.post("/predict", json={"text": "a", "my secret": 1}), 422)
    assert "secret" not in json.dumps(error)
    assert error["message"].startswith("(unknown field)")


def test_at_most_ten_problems_are_listed(client):
    unknown = {f"field {i}": i for i in range(25)}
    details = error_of(client.post("/predict", json={"text": "a", **unknown}), 422)["details"]
    assert len(details["errors"]) == limits.MAX_REPORTED_PROBLEMS
    assert details["more_errors"] == 15


@pytest.mark.parametrize(("fields", "status"), [(100, 422), (1_000, 422), (20_000, 400)])
def test_a_flood_of_fields_is_refused(client, fields, status):
    body = b'{"text":"x",' + b",".join(b'"%x":0' % i for i in range(fields)) + b"}"
    response = post(client, body)
    error_of(response, status)
    assert len(response.content) < 1_000


def test_bodies_have_the_limit_of_their_route(client):
    padding = b" " * limits.MAX_JSON_BYTES
    error = error_of(post(client, b'{"text": "x"}' + padding), 413)
    assert error["details"]["limit_bytes"] == limits.MAX_JSON_BYTES
    assert post(client, b'{"texts": ["x"]}' + padding, path="/predict_batch").status_code == 200
    more = b" " * limits.MAX_BATCH_JSON_BYTES
    error_of(post(client, b'{"texts": ["x"]}' + more, path="/predict_batch"), 413)


def test_the_largest_text_is_read_however_it_is_escaped(client):
    text = "😀" * limits.MAX_TEXT_CHARACTERS
    assert post(client, json.dumps({"text": text}).encode()).status_code == 200


def test_a_batch_has_a_limit_of_characters(client):
    text = "x" * limits.MAX_TEXT_CHARACTERS
    whole = limits.MAX_BATCH_CHARACTERS // limits.MAX_TEXT_CHARACTERS
    too_long = text + "x"  # it fails alone, and is not classified
    full = {"texts": [text] * whole + [too_long, None, 3]}
    results = client.post("/predict_batch", json=full).json()["results"]
    assert ["error" in result for result in results] == [False] * whole + [True] * 3
    over = error_of(client.post("/predict_batch", json={"texts": [text] * whole + ["x"]}), 422)
    assert over["details"]["errors"][0]["max_characters"] == limits.MAX_BATCH_CHARACTERS
    assert str(limits.MAX_BATCH_CHARACTERS) in over["message"]


def test_an_option_in_the_address_is_not_passed_over(client):
    for query in ("threshold=0.5", "top_k=1", "language=de", "text=joy"):
        error = error_of(client.post(f"/predict?{query}", json={"text": "joy"}), 422)
        assert error["message"].startswith(query.partition("=")[0])
    assert client.post("/predict?_=17&x", json={"text": "joy"}).status_code == 200
    assert client.get("/health?language=de").status_code == 200


def test_the_list_form_stands_beside_the_object(client):
    analysis = client.post("/analyze/journal", json={"text": "joy and fear"}).json()[
        "emotion_analysis"
    ]
    assert analysis["emotion_list"] == [
        {"emotion": name, "confidence": confidence, "share": 1.0}
        for name, confidence in analysis["emotions"].items()
    ]
