"""The fields that multipart forms may have: those of a route, and those of other APIs.

A field that a route does not support is refused: by its name if the name is a known one, and
without it otherwise, because an unknown name may be user text.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from runners.errors import InvalidRequest
from samo import options

# Names of the recording in our own routes and in OpenAI's API; each route takes both.
UNKNOWN_FIELD_MESSAGE: Final = "This field does not exist"
RECORDING_NAMES: Final = ("audio_file", "file")
# Fields that take several values.
LIST_FIELDS: Final = frozenset(("include", "keywords", "languages", "timestamp_granularities"))
_FALSE_VALUES: Final = ("false", "no", "off", "0")
# Fields of OpenAI's API, of other speech servers and of our other routes. Each has the values, in
# lower case, that a route without the field may ignore, because they request its normal behaviour.
KNOWN_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "beam_size",
            "callback_url",
            "clip_timestamps",
            "condition_on_previous_text",
            "emotion_threshold",
            "explain",
            "focus",
            "generate_summary",
            "groupings",
            "hotwords",
            "include",
            "initial_prompt",
            "keywords",
            "known_speaker_names",
            "known_speaker_references",
            "language",
            "languages",
            "max_sentences",
            "min_speakers",
            "max_speakers",
            "num_speakers",
            "model",
            "no_speech_threshold",
            "prompt",
            "response_format",
            "suppress_tokens",
            "task",
            "text",
            "threshold",
            "timestamp_granularities",
            "top_k",
            "url",
            "vad_filter",
            "webhook_url",
            "word_timestamps",
        ),
        (),
    ),
    "chunking_strategy": ("auto",),  # voice activity detection divides every recording
    "diarize": _FALSE_VALUES,
    "stream": _FALSE_VALUES,
    "temperature": ("0",),  # decoding starts at 0, as in OpenAI's API
    "timestamp": _FALSE_VALUES,
}
_MAX_QUERY_BYTES: Final = 4096
_MAX_COMPARED_CHARACTERS: Final = 64


@dataclass(frozen=True)
class FormFields:
    """The form fields of a route, by FastAPI's names."""

    recording: str
    options: Mapping[str, str]
    """From the name without brackets to the name with them."""

    @classmethod
    def from_parameters(cls, names: Collection[str]) -> FormFields | None:
        """The fields of a route with the parameters `names`; None if it takes no recording."""
        recording = [name for name in names if name in RECORDING_NAMES]
        if len(recording) != 1:
            return None
        return cls(
            recording[0],
            {options.field_name(name): name for name in names if name not in RECORDING_NAMES},
        )

    @property
    def names(self) -> list[str]:
        """All names, without brackets."""
        return [self.recording, *self.options]


def refusal(field: str, message: str) -> InvalidRequest:
    """The error for a field; `message` says what to do and has no full stop."""
    return InvalidRequest(f"{field}: {message}.", errors=[{"field": field, "message": message}])


def unknown_field(name: str, known_fields: Collection[str]) -> dict[str, str]:
    """The problem with an unknown field, with the similar field that the client may mean."""
    message = UNKNOWN_FIELD_MESSAGE
    near = difflib.get_close_matches(name[:_MAX_COMPARED_CHARACTERS].lower(), known_fields, n=1)
    if near:
        message += f"; did you mean `{near[0]}`"
    return {"field": "(unknown field)", "message": message}


def refuse_query(query: bytes, names: Collection[str]) -> None:
    """Refuse an option in the query string, where it has no effect; ignore unknown names."""
    for name, _ in parse_qsl(query[:_MAX_QUERY_BYTES].decode("latin-1")):
        known = options.field_name(name)
        if known in names or known in KNOWN_FIELDS:
            raise refusal(known, "Send it in the body of the request, not in the query string")
