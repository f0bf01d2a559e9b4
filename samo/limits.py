"""The limits of a request. They stand here, in the OpenAPI description and in the errors."""

from typing import Final

from runners.summarizer.summary import MAX_SUMMARY_SENTENCES as MAX_SUMMARY_SENTENCES

MAX_TEXT_CHARACTERS: Final = 20_000
# A variant of its sentence is classified for each word that is explained.
MAX_EXPLAINED_CHARACTERS: Final = 2_000
MAX_EXPLAINED_WORDS: Final = 500
MAX_BATCH_TEXTS: Final = 128
# All texts of a batch together. Two cores classify about 10,000 characters per second, so a full
# batch takes 20 s, or 45 s beside other work; 128 texts of full length would take longer than a
# request may last.
MAX_BATCH_CHARACTERS: Final = 200_000
MAX_AUDIO_BYTES: Final = 25 * 1024 * 1024
MAX_AUDIO_SECONDS: Final = 300.0

# A character takes at most 12 bytes in JSON: an emoji, escaped as two surrogates.
_JSON_BYTES_PER_CHARACTER: Final = 12
# A text of MAX_TEXT_CHARACTERS, with 60 kB for the other fields and for indentation.
MAX_JSON_BYTES: Final = 300_000
MAX_BATCH_JSON_BYTES: Final = MAX_BATCH_CHARACTERS * _JSON_BYTES_PER_CHARACTER + 100_000
# A multipart form around the largest recording: boundaries, part headers, the other fields.
MAX_FORM_BYTES: Final = MAX_AUDIO_BYTES + 64 * 1024
# No GET route reads a body; what some clients send along is not worth a refusal.
MAX_IGNORED_BODY_BYTES: Final = 1024

# No body has as many fields; more are refused before each is validated.
MAX_JSON_FIELDS: Final = 32
# Brackets, commas and colons outside of strings: each may cost an object of a hundred bytes. The
# largest batch has about 150.
MAX_JSON_MARKS: Final = 10_000
MAX_FORM_FIELDS: Final = 64
MAX_FORM_FIELD_BYTES: Final = 64 * 1024
# Problems that one validation error lists.
MAX_REPORTED_PROBLEMS: Final = 10

_BODY_BYTES: Final = {
    "/predict": MAX_JSON_BYTES,
    "/predict_batch": MAX_BATCH_JSON_BYTES,
    "/summarize/text": MAX_JSON_BYTES,
    "/analyze/journal": MAX_JSON_BYTES,
    **dict.fromkeys(
        (
            "/",
            "/docs",
            "/docs.json",
            "/health",
            "/healthz",
            "/livez",
            "/metrics",
            "/models/status",
            "/openapi.json",
            "/readyz",
            "/schema.json",
            "/sw.js",
            "/v1/models",
        ),
        MAX_IGNORED_BODY_BYTES,
    ),
}


def without_extra_slashes(path: str) -> str:
    """`path` with single slashes and none at its end: "//v1//models/" is "/v1/models"."""
    return "/" + "/".join(part for part in path.split("/") if part)


def max_body_bytes(path: str) -> int:
    """The largest body that is read at this path.

    A path that is not listed takes uploads, or is not there: then it is answered with 404, and
    nothing is read.
    """
    path = without_extra_slashes(path)
    if path.startswith("/page/"):
        return MAX_IGNORED_BODY_BYTES
    return _BODY_BYTES.get(path, MAX_FORM_BYTES)
