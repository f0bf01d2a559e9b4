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
