"""Read multipart forms: the recording and the options, under every name that clients give them.

Nothing that a client sends is passed over: a field that the route does not honour is refused by
name where the name is a known one. Other names are the user's text, which errors do not repeat.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from runners.errors import InvalidRequest, MalformedRequest, UnsupportedMediaType
from samo import limits, options
from samo.api import bodies

# It logs bytes of what it cannot parse; the answer says that.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

# The recording's names on our own routes and on OpenAI's; each route takes both.
RECORDING_NAMES: Final = ("audio_file", "file")
_MAX_FILES: Final = 8
_LISTS: Final = frozenset(("timestamp_granularities", "languages"))
_NO: Final = ("false", "no", "off", "0")
# Fields of OpenAI's API, of other speech servers and of our other routes. Each has the values, in
# lower case, that ask for nothing that a transcription here lacks.
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
    "chunking_strategy": ("auto",),  # the voice detector divides every recording
    "diarize": _NO,
    "stream": _NO,
    "temperature": ("0",),  # decoding begins at 0, as in OpenAI's API
    "timestamp": _NO,
}
_TEXT_SAMPLE_BYTES: Final = 512
_PLAIN_ENCODINGS: Final = (b"binary", b"8bit", b"7bit")
_MAX_QUERY_BYTES: Final = 4096


@dataclass(frozen=True)
class Fields:
    """The fields of a route's form, as FastAPI names them."""

    recording: str
    options: Mapping[str, str]
    """From the name without brackets to the name with them."""

    @classmethod
    def of(cls, names: Collection[str]) -> Fields | None:
        """Those of a route with the parameters `names`; None where it takes no recording."""
        recording = [name for name in names if name in RECORDING_NAMES]
        if len(recording) != 1:
            return None
        return cls(
            recording[0],
            {options.field_name(name): name for name in names if name not in RECORDING_NAMES},
        )


async def read(request: Request, fields: Fields) -> FormData:
    """The form, with the names and values that the route expects; raises a `SamoError`."""
    headers = dict(request.scope["headers"])
    bodies.refuse_compressed(headers)
    media_type, _ = bodies.content_type(headers)
    if not media_type:
        raise InvalidRequest(
            f"{fields.recording}: The body is missing or has no type: {_how(fields)}"
        )
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType(f"This route takes no {_kind(media_type)}: {_how(fields)}")
    parser = _Parser(
        request.headers,
        request.stream(),
        max_files=_MAX_FILES,
        max_fields=limits.MAX_FORM_FIELDS,
        max_part_size=limits.MAX_FORM_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:  # its messages hold nothing of the form's
        raise MalformedRequest(
            f"The multipart form could not be read: {error.message.rstrip('.')}."
        ) from None
    if not parser.ended:
        parser.close()
        raise MalformedRequest(
            "The multipart form ends before its last boundary: the upload was cut short."
        )
    try:
        return _understood(form, fields)
    except InvalidRequest:
        await form.close()
        raise


def _how(fields: Fields) -> str:
    return (
        "send the recording as a file in the field "
        f"`{fields.recording}` of a multipart form (multipart/form-data)."
    )


def _kind(media_type: str) -> str:
    """The kind of a body, by names of ours: a header's value is the client's text."""
    if media_type == "application/x-www-form-urlencoded":
        return "URL-encoded form"
    if bodies.is_json(media_type):
        return "JSON"
    return "body of this type"


class _Parser(MultiPartParser):
    """Starlette's, for which a part with a recording's name is a file whatever its headers say."""

    ended = False

    def on_headers_finished(self) -> None:
        part = self._current_part
        _, given = parse_options_header(part.content_disposition)
        name = options.field_name(given.get(b"name", b"").decode("latin-1"))
        # `filename*` is not for forms (RFC 7578), but some clients send nothing else
        named = b"filename*" in (part.content_disposition or b"").lower()
        if b"filename" not in given and (named or name in RECORDING_NAMES):
            part.content_disposition = (part.content_disposition or b"") + b'; filename=""'
        encoding = dict(part.item_headers).get(b"content-transfer-encoding", b"binary")
        if encoding.strip().lower() not in _PLAIN_ENCODINGS:  # RFC 7578 has done away with it
            raise MultiPartException(
                "A part has a Content-Transfer-Encoding; send its bytes as they are"
            )
        super().on_headers_finished()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        try:
            super().on_part_data(data, start, end)
        except MultiPartException:
            name = options.field_name(self._current_part.field_name)
            shown = name if name in KNOWN_FIELDS else "(unknown field)"
            raise MultiPartException(
                f"{shown} has more than {limits.MAX_FORM_FIELD_BYTES} bytes"
            ) from None

    def on_part_end(self) -> None:
        whole_form = self._charset
        for header, value in self._current_part.item_headers:
            if header == b"content-type":
                charset = parse_options_header(value)[1].get(b"charset", b"").decode("latin-1")
                self._charset = bodies.codec_of(charset) or whole_form
        super().on_part_end()
        self._charset = whole_form

    def on_end(self) -> None:
        self.ended = True

    def close(self) -> None:
        """Free the files, of which one may have no end."""
        for file in self._files_to_close_on_error:
            file.close()


def _understood(form: FormData, fields: Fields) -> FormData:
    recordings: list[UploadFile] = []
    given: dict[str, list[str]] = {}
    for sent_name, value in form.multi_items():
        name = options.field_name(sent_name)
        if isinstance(value, UploadFile):
            if name in RECORDING_NAMES:
                if value.filename or value.size:
                    recordings.append(value)
                else:  # a browser's form where no file was chosen
                    value.file.close()
                continue
            raise InvalidRequest(
                f"(unknown field): {_how(fields).capitalize()}", errors=[_unknown(fields, name)]
            )
        if name == "_charset_":  # a browser's note on the form's encoding
            continue
        if name not in fields.options and name not in KNOWN_FIELDS:
            problem = _unknown(fields, name)
            raise InvalidRequest(f"{problem['field']}: {problem['message']}.", errors=[problem])
        if not options.is_blank_form_value(value):
            given.setdefault(name, []).append(value.strip())
    items: list[tuple[str, str | UploadFile]] = [*_recording(recordings, fields)]
    for name, values in given.items():
        items += _option(name, values, fields, given)
    return FormData(items)


def _recording(recordings: list[UploadFile], fields: Fields) -> list[tuple[str, UploadFile]]:
    if len(recordings) > 1:
        raise _refusal(
            fields.recording, f"Send one recording per request; this one has {len(recordings)}"
        )
    for recording in recordings:
        sample = recording.file.read(_TEXT_SAMPLE_BYTES)
        recording.file.seek(0)
        if not recording.filename and _is_text(sample):
            raise _refusal(
                fields.recording, "Must be a file; the part has no filename, and holds text"
            )
    return [(fields.recording, recording) for recording in recordings]


def _is_text(sample: bytes) -> bool:
    """Whether bytes begin as a text does; every audio format has other bytes early on."""
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:  # else the sample's end divides a character
            return False
        text = sample[: error.start].decode()
    return all(character.isprintable() or character.isspace() for character in text)


def _option(
    name: str, values: list[str], fields: Fields, given: Mapping[str, list[str]]
) -> list[tuple[str, str]]:
    """The option as FastAPI expects it; raises `InvalidRequest` for one that is not honoured."""
    if name in _LISTS:
        values = options.parse_list(values)
    if name in fields.options:
        if name not in _LISTS and len(set(values)) > 1:
            raise _refusal(name, "Send this field once")
        return [(fields.options[name], value) for value in dict.fromkeys(values)]
    if name == "languages" and "language" in fields.options and "language" not in given:
        if len(values) > 1:
            raise _refusal(name, "Name one language, or leave it out to have it recognized")
        return [("language", value) for value in values]
    harmless = KNOWN_FIELDS[name]
    if {options.parse_number(value.lower()) for value in values} <= set(
        map(options.parse_number, harmless)
    ):
        return []
    advice = f" or send {harmless[0]}" if harmless else ""
    raise _refusal(name, f"This route does not take it; leave it out{advice}")


def refuse_query(query: bytes, names: Collection[str]) -> None:
    """Refuse an option in the address, where it has no effect; other names may be a proxy's."""
    for name, _ in parse_qsl(query[:_MAX_QUERY_BYTES].decode("latin-1")):
        known = options.field_name(name)
        if known in names or known in KNOWN_FIELDS:
            raise _refusal(known, "Send it in the body of the request, not in the address")


def _refusal(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {message}.", errors=[{"field": field, "message": message}])


def _unknown(fields: Fields, name: str) -> dict[str, str]:
    return unknown_field(name, [fields.recording, *fields.options])


def unknown_field(name: str, known: Collection[str]) -> dict[str, str]:
    """The problem with a field that a route does not know, and the known field that it may mean.

    The unknown name is the user's text, and is not repeated.
    """
    message = "There is no such field here"
    if near := difflib.get_close_matches(name[:64].lower(), known, n=1):
        message += f"; did you mean `{near[0]}`"
    return {"field": "(unknown field)", "message": message}
