"""Parse multipart forms: the recording and the options, under every name that clients use."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Final

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from runners.errors import InvalidRequest, MalformedRequest, UnsupportedMediaType
from samo import limits, options
from samo.api import form_values, json_body
from samo.api.form_fields import (
    KNOWN_FIELDS,
    LIST_FIELDS,
    RECORDING_NAMES,
    FormFields,
    refusal,
    unknown_field,
)

# It logs the bytes that it cannot parse, which may be user text; the response says enough.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

_MAX_FILES: Final = 8
_TEXT_SAMPLE_BYTES: Final = 512
_PLAIN_ENCODINGS: Final = (b"binary", b"8bit", b"7bit")


async def read(request: Request, fields: FormFields, folder: Path | None = None) -> FormData:
    """Parse the form and return it with the names and values that the route expects.

    With a `folder`, a recording larger than that of a request is written to a file there that has
    no name.

    Raises:
        SamoError: The body is not a form, or has fields that the route does not support.
    """
    headers = dict(request.scope["headers"])
    json_body.refuse_compressed(headers)
    media_type, _ = json_body.content_type(headers)
    if not media_type:
        raise InvalidRequest(
            f"{fields.recording}: The body is missing or has no type: {_upload_hint(fields)}"
        )
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType(
            f"This route does not take {_body_kind(media_type)}: {_upload_hint(fields)}"
        )
    parser = _Parser(
        request.headers,
        request.stream(),
        max_files=_MAX_FILES,
        max_fields=limits.MAX_FORM_FIELDS,
        max_part_size=limits.MAX_FORM_FIELD_BYTES,
    )
    parser.folder = folder
    try:
        form = await parser.parse()
    except MultiPartException as error:  # its messages contain nothing of the form
        raise MalformedRequest(
            f"The multipart form could not be parsed: {error.message.rstrip('.')}."
        ) from None
    if not parser.ended:
        parser.close()
        raise MalformedRequest(
            "The multipart form ends before its last boundary: the upload was cut short."
        )
    try:
        return _normalized(form, fields)
    except InvalidRequest:
        await form.close()
        raise


def _upload_hint(fields: FormFields) -> str:
    return (
        "send the recording as a file in the field "
        f"`{fields.recording}` of a multipart form (multipart/form-data)."
    )


def _body_kind(media_type: str) -> str:
    """The kind of a body in our words, because the header's value is the client's text."""
    if media_type == "application/x-www-form-urlencoded":
        return "a URL-encoded form"
    if json_body.is_json(media_type):
        return "JSON"
    return "a body of this type"


class _Parser(MultiPartParser):
    """Starlette's parser, but a part with a recording's name is a file with any headers."""

    ended = False
    folder: Path | None = None
    """Of recordings that are too large for the memory."""

    def on_headers_finished(self) -> None:
        part = self._current_part
        _, parameters = parse_options_header(part.content_disposition)
        name = options.field_name(parameters.get(b"name", b"").decode("latin-1"))
        # `filename*` is not allowed in forms (RFC 7578), but some clients send nothing else
        has_extended_filename = b"filename*" in (part.content_disposition or b"").lower()
        if b"filename" not in parameters and (has_extended_filename or name in RECORDING_NAMES):
            part.content_disposition = (part.content_disposition or b"") + b'; filename=""'
        encoding = dict(part.item_headers).get(b"content-transfer-encoding", b"binary")
        if encoding.strip().lower() not in _PLAIN_ENCODINGS:  # deprecated by RFC 7578
            raise MultiPartException(
                "A part has a Content-Transfer-Encoding; send its bytes without encoding"
            )
        super().on_headers_finished()
        if self.folder is not None and self._current_part.file is not None:
            self._current_part.file.file.close()
            file = SpooledTemporaryFile(limits.MAX_AUDIO_BYTES, dir=str(self.folder))  # noqa: SIM115
            self._files_to_close_on_error[-1] = file
            self._current_part.file.file = file  # type: ignore[assignment]
            self._current_part.file._max_mem_size = limits.MAX_AUDIO_BYTES

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
        form_charset = self._charset
        for header, value in self._current_part.item_headers:
            if header == b"content-type":
                charset = parse_options_header(value)[1].get(b"charset", b"").decode("latin-1")
                self._charset = json_body.codec_of(charset) or form_charset
        super().on_part_end()
        self._charset = form_charset

    def on_end(self) -> None:
        self.ended = True

    def close(self) -> None:
        """Close the files, of which one may be incomplete."""
        for file in self._files_to_close_on_error:
            file.close()


def _normalized(form: FormData, fields: FormFields) -> FormData:
    recordings: list[UploadFile] = []
    values_by_name: dict[str, list[str]] = {}
    for sent_name, value in form_values.combine(form.multi_items(), fields.options):
        name = options.field_name(sent_name)
        if isinstance(value, UploadFile):
            if name in RECORDING_NAMES:
                if value.filename or value.size:
                    recordings.append(value)
                else:  # a browser's form without a selected file
                    value.file.close()
                continue
            raise InvalidRequest(
                f"(unknown field): {_upload_hint(fields).capitalize()}",
                errors=[unknown_field(name, fields.names)],
            )
        if name == "_charset_":  # a browser's note on the form's encoding
            continue
        if name not in fields.options and name not in KNOWN_FIELDS:
            problem = unknown_field(name, fields.names)
            raise InvalidRequest(f"{problem['field']}: {problem['message']}.", errors=[problem])
        if not options.is_blank_form_value(value):
            values_by_name.setdefault(name, []).append(value.strip())
    items: list[tuple[str, str | UploadFile]] = [*_recording(recordings, fields)]
    for name, values in values_by_name.items():
        items += _option(name, values, fields, values_by_name)
    return FormData(items)


def _recording(recordings: list[UploadFile], fields: FormFields) -> list[tuple[str, UploadFile]]:
    if len(recordings) > 1:
        raise refusal(
            fields.recording, f"Send one recording per request; this one has {len(recordings)}"
        )
    for recording in recordings:
        sample = recording.file.read(_TEXT_SAMPLE_BYTES)
        recording.file.seek(0)
        if not recording.filename and _is_text(sample):
            raise refusal(
                fields.recording, "Must be a file; the part has no filename, and contains text"
            )
    return [(fields.recording, recording) for recording in recordings]


def _is_text(sample: bytes) -> bool:
    """Whether bytes start like a text; every audio format soon has other bytes."""
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:  # otherwise the end of the sample divides a character
            return False
        text = sample[: error.start].decode()
    return all(character.isprintable() or character.isspace() for character in text)


def _option(
    name: str, values: list[str], fields: FormFields, values_by_name: Mapping[str, list[str]]
) -> list[tuple[str, str]]:
    """The option as FastAPI expects it; raises `InvalidRequest` if it is not supported."""
    if name == "keywords":
        values = form_values.parse_phrases(values)
    elif name in LIST_FIELDS:
        values = options.parse_list(values)
    if name in fields.options:
        if name not in LIST_FIELDS and len(set(values)) > 1:
            raise refusal(name, "Send this field once")
        return [(fields.options[name], value) for value in dict.fromkeys(values)]
    if name == "languages" and "language" in fields.options and "language" not in values_by_name:
        if len(values) > 1:
            raise refusal(name, "Name one language, or leave it out to have it detected")
        return [("language", value) for value in values]
    accepted_values = KNOWN_FIELDS[name]
    if {options.parse_number(value.lower()) for value in values} <= {
        options.parse_number(value) for value in accepted_values
    }:
        return []
    raise refusal(name, form_values.unsupported_hint(name, accepted_values))
