"""Errors for uploads that cannot be read: what the upload is, and what its sender can do."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from runners.errors import SamoError, UndecodableAudio, UnsupportedAudio
from samo.audio import boxes, ebml, ogg
from samo.audio.formats import KNOWN_OTHERS, READABLE_FORMATS, REMEDY, SIGNATURES

_HEAD: Final = 65_536
_OGG_HEADER_PAGES: Final = 3
# a cluster of WebM, a fragment of MP4, a page of Ogg in the middle of something
_FRAGMENT: Final = re.compile(
    rb"\x1f\x43\xb6\x75.{1,8}\xe7|moof.{4}mfhd|OggS\x00[\x00-\x05]", re.DOTALL
)
_BLOCK: Final = re.compile(rb"[\xa3\xa0][\x40-\x7f\x80-\xff].{0,7}?\x81", re.DOTALL)


class NoSound(UndecodableAudio):
    """A file that is whole and silent in the strict sense: a header and nothing behind it."""


def empty() -> SamoError:
    """Nothing was sent."""
    return UnsupportedAudio(f"The upload is empty: send a recording as {READABLE_FORMATS}.")


def damaged() -> SamoError:
    """It begins as a file of a known format, and goes on otherwise."""
    return UndecodableAudio(
        "The recording is damaged or cut short: its header cannot be read. Upload it whole,"
        f" as {READABLE_FORMATS}."
    )


def later_fragment() -> SamoError:
    """The recorder's first fragment is missing."""
    return UndecodableAudio(
        "This is a later fragment of a browser's recording; the first fragment holds the header:"
        " send all fragments joined in order."
    )


def wrong_order() -> SamoError:
    """The recorder's fragments were joined, and not in their order."""
    return UndecodableAudio(
        "The fragments of the recording are joined in the wrong order, or one is in it twice:"
        " join them in the order in which they were recorded."
    )


def no_sound() -> SamoError:
    """There is a header, and nothing behind it."""
    return NoSound(
        "The recording holds no sound at all: it has a header and no audio. If it is the first"
        " fragment of a browser's recording, send all fragments joined in order."
    )


def raise_unreadable(data: bytes, error: Exception) -> NoReturn:
    """Raise what fits an upload that ffmpeg cannot open."""
    raise _unreadable(data) from error


def _unreadable(data: bytes) -> SamoError:
    for pattern, name in KNOWN_OTHERS:
        if re.compile(pattern, re.DOTALL).match(data):
            return UnsupportedAudio(f"The upload is {name}. Send {READABLE_FORMATS}.")
    if data[:4] == b"\x1a\x45\xdf\xa3" and ebml.CLUSTER not in data:
        return no_sound()
    if data[:4] == b"OggS" and ogg.walk(data[:_HEAD]).count <= _OGG_HEADER_PAGES:
        return no_sound()
    if ebml.HEADER.search(data, 1):
        return wrong_order()
    if data[:4] == ebml.CLUSTER or (_BLOCK.match(data) and ebml.CLUSTER in data):
        return later_fragment()
    kinds = _box_kinds(data)
    if "moov" in kinds and "mdat" not in kinds:
        return no_sound()
    if "ftyp" in kinds and "moov" not in kinds:
        return UndecodableAudio(
            "The recording was never finished, or its end is missing: the index that the recorder"
            " writes last is not there. Upload it whole, or record it anew."
        )
    if SIGNATURES.match(data):
        return damaged()
    if _FRAGMENT.search(data, 0, _HEAD):
        return later_fragment()
    return UnsupportedAudio(
        f"The upload is no audio file that is read here: send {READABLE_FORMATS}."
    )


def _box_kinds(data: bytes) -> list[str]:
    kinds: list[str] = []
    for box in boxes.boxes(data, 0, len(data)):
        kinds.append(box.kind.decode("latin-1"))
        if len(kinds) > 1000:
            break
    known = {"ftyp", "styp", "sidx", "moov", "moof", "mdat", "free", "wide", "skip", "emsg"}
    return kinds if kinds and kinds[0] in known else []


def unknown_codec(container: str, codec: str | None) -> SamoError:
    """No decoder that may see uploads reads it."""
    what = f"the codec {codec}, which is not read" if codec else "a codec that is not known"
    return UnsupportedAudio(f"The {container} file holds {what} here: send {REMEDY}.")


def opens_other_files(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """For ffmpeg, which asks before it opens a file that the upload names."""
    raise UnsupportedAudio("The upload refers to other files: send the recording itself.")
