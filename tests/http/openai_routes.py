"""What the tests of OpenAI's routes share."""

from __future__ import annotations

TRANSCRIPTIONS = "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"
BOTH = (TRANSCRIPTIONS, TRANSLATIONS)
TEXT = "I felt joy for 11 seconds."
