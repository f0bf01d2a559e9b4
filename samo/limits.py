"""The limits of a request. They stand here, in the OpenAPI description and in the errors."""

from typing import Final

MAX_TEXT_CHARACTERS: Final = 20_000
# A variant of its sentence is classified for each word that is explained.
MAX_EXPLAINED_CHARACTERS: Final = 2_000
MAX_EXPLAINED_WORDS: Final = 500
MAX_BATCH_TEXTS: Final = 128
MAX_AUDIO_BYTES: Final = 25 * 1024 * 1024
MAX_AUDIO_SECONDS: Final = 300.0
MAX_SUMMARY_SENTENCES: Final = 10

# A text of MAX_TEXT_CHARACTERS, at most 12 bytes each in JSON, and the other fields.
MAX_JSON_BYTES: Final = 300_000
MAX_BATCH_JSON_BYTES: Final = MAX_BATCH_TEXTS * MAX_JSON_BYTES // 4
# A multipart form around the largest recording: boundaries, part headers, the other fields.
MAX_FORM_BYTES: Final = MAX_AUDIO_BYTES + 64 * 1024
_BODY_BYTES: Final = {
    "/predict": MAX_JSON_BYTES,
    "/predict_batch": MAX_BATCH_JSON_BYTES,
    "/summarize/text": MAX_JSON_BYTES,
    "/analyze/journal": MAX_JSON_BYTES,
}


def max_body_bytes(path: str) -> int:
    """The largest body that is read at this path."""
    return _BODY_BYTES.get(path.rstrip("/"), MAX_FORM_BYTES)
