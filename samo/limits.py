"""The limits of a request. The OpenAPI description and the error messages repeat them."""

from typing import Final

from runners.summarizer.summary import MAX_SUMMARY_SENTENCES as MAX_SUMMARY_SENTENCES

MAX_TEXT_CHARACTERS: Final = 20_000
# To explain a text, its sentences are classified once for each word that is hidden: about ten to
# twenty for each emotion.
MAX_EXPLAINED_CHARACTERS: Final = 2_000
MAX_EXPLAINED_WORDS: Final = 500
MAX_BATCH_TEXTS: Final = 128
# All texts of a batch together. Two cores classify about 5,000 to 10,000 characters of English
# prose per second, so a full batch takes 20 to 45 s. Emoji and Chinese have a token or more per
# character, 1,000 characters per second: such a batch takes up to 220 s, just within the deadline.
MAX_BATCH_CHARACTERS: Final = 200_000
# One entry per day for more than 13 years.
MAX_TRENDS_ENTRIES: Final = 5_000
# Other years are typing errors, or come from a clock that was never set.
FIRST_TRENDS_YEAR: Final = 1900
LAST_TRENDS_YEAR: Final = 2199
MAX_AUDIO_BYTES: Final = 25 * 1024 * 1024
MAX_AUDIO_SECONDS: Final = 300.0
# A message of a live session: half a minute of 24 kHz audio in base64.
MAX_LIVE_MESSAGE_BYTES: Final = 2 * 1024 * 1024
# The configuration in a request for a short-lived token.
MAX_TOKEN_JSON_BYTES: Final = 16 * 1024

# A character takes at most 12 bytes in JSON: an emoji, escaped as two surrogates.
_JSON_BYTES_PER_CHARACTER: Final = 12
# A text of MAX_TEXT_CHARACTERS, with 60 kB for the other fields and for indentation.
MAX_JSON_BYTES: Final = 300_000
# A text and a transcript.
MAX_FEEDBACK_JSON_BYTES: Final = 2 * MAX_JSON_BYTES
MAX_BATCH_JSON_BYTES: Final = MAX_BATCH_CHARACTERS * _JSON_BYTES_PER_CHARACTER + 100_000
# MAX_TRENDS_ENTRIES with 40 names of 40 bytes each, with a number of 17 digits.
MAX_TRENDS_JSON_BYTES: Final = MAX_TRENDS_ENTRIES * 40 * 40
# Larger bodies are parsed in a thread.
MAX_INLINE_JSON_BYTES: Final = MAX_JSON_BYTES
# Of the form of an upload: boundaries, part headers, the other fields.
FORM_OVERHEAD_BYTES: Final = 64 * 1024
# A multipart form around the largest recording: boundaries, part headers, the other fields.
MAX_FORM_BYTES: Final = MAX_AUDIO_BYTES + FORM_OVERHEAD_BYTES
JOBS_PATH: Final = "/v1/jobs"
"""Takes larger uploads, by `Settings.max_job_bytes`, and writes them to a file."""
# GET routes ignore a body; a small one, which some clients send, is not refused.
MAX_IGNORED_BODY_BYTES: Final = 1024

# More fields than any route has; more are refused before each of them is validated.
MAX_JSON_FIELDS: Final = 32
# Brackets, commas and colons outside of strings: each may create an object of a hundred bytes. The
# largest batch has about 150.
MAX_JSON_TOKENS: Final = 10_000
# MAX_TRENDS_ENTRIES with 40 names, each with a colon and a comma, and the tokens around them.
MAX_TRENDS_JSON_TOKENS: Final = MAX_TRENDS_ENTRIES * 100
# The distinct keywords of `/v1/audio/transcriptions`; OpenAI's clients send each in its own field.
MAX_KEYWORDS: Final = 100
# The largest lists, 100 keywords and Whisper's 100 languages, with room for the other fields.
MAX_FORM_FIELDS: Final = 256
MAX_FORM_FIELD_BYTES: Final = 64 * 1024
# Problems that a validation error lists; the others are counted.
MAX_REPORTED_PROBLEMS: Final = 10

_BODY_BYTES: Final = {
    "/feedback": MAX_FEEDBACK_JSON_BYTES,
    "/predict": MAX_JSON_BYTES,
    "/predict_batch": MAX_BATCH_JSON_BYTES,
    "/summarize/text": MAX_JSON_BYTES,
    "/analyze/journal": MAX_JSON_BYTES,
    "/insights/trends": MAX_TRENDS_JSON_BYTES,
    "/v1/realtime": MAX_IGNORED_BODY_BYTES,
    "/v1/realtime/client_secrets": MAX_TOKEN_JSON_BYTES,
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


def normalize_path(path: str) -> str:
    """`path` without extra slashes and without a repeated version, which some clients add.

    "//v1/v1/models/" is "/v1/models".
    """
    parts = [part for part in path.split("/") if part]
    while parts[:2] == ["v1", "v1"]:
        del parts[0]
    return "/" + "/".join(parts)


def max_body_bytes(path: str) -> int:
    """The largest body that is accepted at this path.

    A path that is not in the table takes uploads or does not exist; then the response is 404 and
    the body is not read.
    """
    path = normalize_path(path)
    if path.startswith(("/page/", f"{JOBS_PATH}/", "/feedback/")):
        return MAX_IGNORED_BODY_BYTES
    return _BODY_BYTES.get(path, MAX_FORM_BYTES)


def max_json_tokens(path: str) -> int:
    """The most brackets, commas and colons in a JSON body that is accepted at this path."""
    return MAX_TRENDS_JSON_TOKENS if path == "/insights/trends" else MAX_JSON_TOKENS
