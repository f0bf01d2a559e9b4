"""Errors for uploads that cannot be decoded: they name the cause and a remedy."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from runners.errors import SamoError, UndecodableAudio, UnsupportedAudio
from samo.audio import boxes, ebml, ogg
from samo.audio.formats import (
    READABLE_FORMATS,
    RECOMMENDED_FORMATS,
    SIGNATURES,
    UNSUPPORTED_SIGNATURES,
)

_HEAD: Final = 65_536
_OGG_HEADER_PAGES: Final = 3
# a cluster of WebM, a fragment of MP4, a page of Ogg
_FRAGMENT: Final = re.compile(
    rb"\x1f\x43\xb6\x75.{1,8}\xe7|moof.{4}mfhd|OggS\x00[\x00-\x05]", re.DOTALL
)
_BLOCK: Final = re.compile(rb"[\xa3\xa0][\x40-\x7f\x80-\xff].{0,7}?\x81", re.DOTALL)


class NoAudioSamples(UndecodableAudio):
    """The file has a valid header but no audio data."""


def empty() -> SamoError:
    """The upload has no bytes."""
    return UnsupportedAudio(f"The upload is empty: send a recording as {READABLE_FORMATS}.")


def damaged() -> SamoError:
    """The file begins like a supported format but is not valid."""
    return UndecodableAudio(
        "The recording is damaged or cut short: its header cannot be read. Upload the complete"
        f" file, as {READABLE_FORMATS}."
    )


def later_fragment() -> SamoError:
    """The first fragment of a recording in fragments is missing."""
    return UndecodableAudio(
        "This is a later fragment of a browser's recording; only the first fragment has the header:"
        " send all fragments joined in order."
    )


def wrong_order() -> SamoError:
    """The fragments of a recording were joined in the wrong order."""
    return UndecodableAudio(
        "The fragments of the recording are joined in the wrong order, or one is in it twice:"
        " join them in the order in which they were recorded."
    )


def no_audio_samples() -> SamoError:
    """The file has a header and no audio."""
    return NoAudioSamples(
        "The recording has no sound at all: it has a header and no audio. If it is the first"
        " fragment of a browser's recording, send all fragments joined in order."
    )


def raise_unreadable(data: bytes, error: Exception) -> NoReturn:
    """Raise the error that explains why ffmpeg cannot open an upload."""
    raise _unreadable(data) from error


def _unreadable(data: bytes) -> SamoError:
    for pattern, name in UNSUPPORTED_SIGNATURES:
        if re.compile(pattern, re.DOTALL).match(data):
            return UnsupportedAudio(f"The upload is {name}. Send {READABLE_FORMATS}.")
    if data[:4] == b"\x1a\x45\xdf\xa3" and ebml.CLUSTER not in data:
        return no_audio_samples()
    if data[:4] == b"OggS" and ogg.scan_pages(data[:_HEAD]).count <= _OGG_HEADER_PAGES:
        return no_audio_samples()
    if ebml.HEADER.search(data, 1):
        return wrong_order()
    if data[:4] == ebml.CLUSTER or (_BLOCK.match(data) and ebml.CLUSTER in data):
        return later_fragment()
    kinds = _box_kinds(data)
    if "moov" in kinds and "mdat" not in kinds:
        return no_audio_samples()
    if "ftyp" in kinds and "moov" not in kinds:
        return UndecodableAudio(
            "The recording was not finished, or its end is missing: it lacks the index that the"
            " recorder writes last. Upload the complete file, or record it again."
        )
    if SIGNATURES.match(data):
        return damaged()
    if _FRAGMENT.search(data, 0, _HEAD):
        return later_fragment()
    return UnsupportedAudio(f"The upload is not a supported audio file: send {READABLE_FORMATS}.")


def _box_kinds(data: bytes) -> list[str]:
    kinds: list[str] = []
    for box in boxes.boxes(data, 0, len(data)):
        kinds.append(box.kind.decode("latin-1"))
        if len(kinds) > 1000:
            break
    known = {"ftyp", "styp", "sidx", "moov", "moof", "mdat", "free", "wide", "skip", "emsg"}
    return kinds if kinds and kinds[0] in known else []


def unknown_codec(container: str, codec: str | None) -> SamoError:
    """No decoder that is allowed for uploads supports the codec."""
    name = f"the codec {codec}" if codec else "an unknown codec"
    return UnsupportedAudio(
        f"The {container} file has {name}, which is not supported: send {RECOMMENDED_FORMATS}."
    )


def refuse_external_file(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """Refuse to open a file that the upload refers to; ffmpeg calls this."""
    raise UnsupportedAudio("The upload refers to other files: send the recording itself.")
