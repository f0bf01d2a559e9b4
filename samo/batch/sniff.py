"""Find the recordings of a folder by the first bytes of each file.

Only files that are certainly not recordings are skipped: system files, text, pictures, archives.
Every other file is an entry, and the service's decoder decides, as for uploads. A file that it
cannot decode is refused by name.
"""

from __future__ import annotations

import re
from typing import Final, Literal

HEAD_BYTES: Final = 4096

# Folders of operating systems and synchronization tools. Some contain copies with the recordings'
# names.
SYSTEM_FOLDERS: Final = frozenset(
    {
        "__macosx",
        ".appledouble",
        ".documentrevisions-v100",
        ".fseventsd",
        ".git",
        ".spotlight-v100",
        ".stfolder",
        ".stversions",
        ".temporaryitems",
        ".trashes",
        "$recycle.bin",
        "@eadir",
        "lost+found",
        "system volume information",
    }
)
SYSTEM_FILES: Final = frozenset(
    {".ds_store", ".localized", "desktop.ini", "ehthumbs.db", "thumbs.db"}
)
_APPLE_DOUBLE: Final = (b"\x00\x05\x16\x07", b"\x00\x05\x16\x00")

# First bytes of audio files and of containers that may have audio.
_AUDIO: Final = re.compile(
    rb"RIFF....(?:WAVE|AVI )|(?:RF64|BW64)....WAVE|riff.{12}|RIFX....WAVE|FORM....AIF[FC]|caff|"
    rb"fLaC|OggS|ID3|#!AMR|....ftyp|....(?:moov|mdat|wide|moof|styp)|\x1a\x45\xdf\xa3|"
    rb"\xff[\xe2-\xfd]|\x30\x26\xb2\x75|\.snd|wvPK|MAC |MPCK|MP\+|TTA[12]|FLV\x01",
    re.DOTALL,
)
_NOT_AUDIO: Final = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|BM....\x00\x00\x00\x00|II\*\x00|MM\x00\*|RIFF....WEBP|8BPS|"
    rb"....ftyp(?:heic|heix|mif1|msf1|avif|hevc)|\x00\x00\x01\x00.\x00|"  # pictures
    rb"%PDF|\xd0\xcf\x11\xe0|SQLite format 3|bplist|PAR1|ARROW1|\x93NUMPY|MZ|\x7fELF|"
    rb"L\x00\x00\x00\x01\x14\x02\x00|"  # a Windows shortcut
    rb"PK(?:\x03\x04|\x05\x06|\x07\x08)|\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|"
    rb"wOF[F2]|OTTO|\x00\x01\x00\x00\x00",  # archives, fonts
    re.DOTALL,
)
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
# Control characters that texts do not have: all except tab, line ends, form feed and escape.
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def kind(name: str, head: bytes) -> Literal["text", "recording", "other"]:
    """What a single file is, by its name and its first `HEAD_BYTES`.

    "other" are the files that are certainly neither, such as pictures and archives. An empty file
    is a text without words.
    """
    if named_as_recording(name) or _AUDIO.match(head):
        return "recording"
    if b"\0" not in head and _is_utf8(head):  # 4 KB of sound are not UTF-8
        return "text"
    if _NOT_AUDIO.match(head):
        return "other"
    return "text" if _is_text(head) else "recording"


def is_system_folder(name: str) -> bool:
    """Whether a folder belongs to the system."""
    return name.lower() in SYSTEM_FOLDERS or name.startswith(".Trash-")


def named_as_recording(name: str) -> bool:
    """Whether a file is an entry by its suffix, so that it is not opened for the list.

    This saves one round trip per recording in a mounted bucket.
    """
    return _has_audio_suffix(name) and not name.startswith("._")


def skip_reason(name: str, head: bytes) -> str | None:
    """Return the name under which a skipped file is counted; None if the file is an entry.

    `head` has the first `HEAD_BYTES` of the file. A file with the suffix of a recording is an
    entry even if it is empty or damaged: it is refused by name.
    """
    if named_as_recording(name):
        return None
    if name.lower() in SYSTEM_FILES:
        return name
    if head.startswith(_APPLE_DOUBLE) or (name.startswith("._") and not _AUDIO.match(head)):
        return "._*"
    if not head or _NOT_AUDIO.match(head) or _is_text(head):
        return _suffix(name)
    return None


_AUDIO_SUFFIX: Final = re.compile(
    r"\.(3g2|3ga|3gp|3gpp|aac|ac3|aif|aifc|aiff|alac|amr|ape|au|awb|caf|flac|m4a|m4b|m4r|mka|mkv|"
    r"mov|mp2|mp3|mp4|mpeg|mpga|oga|ogg|ogv|opus|qta|snd|spx|w64|wav|wave|weba|webm|wma|wv)",
    re.IGNORECASE,
)


def _has_audio_suffix(name: str) -> bool:
    name = name.removesuffix(".icloud")  # placeholder for a recording in the cloud
    return _AUDIO_SUFFIX.fullmatch(_suffix(name)) is not None


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and stem else "no suffix"


def _is_text(head: bytes) -> bool:
    if head.startswith(_UTF16_MARKS):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
        return text.isprintable() or text.count("\ufffd") * 20 < len(text)
    if not head or _CONTROLS.search(head):
        return False
    # Latin-1, Shift-JIS and others; 64 bytes of audio almost certainly have a control character
    return len(head) >= 64 or sum(byte < 0x80 for byte in head) >= 0.5 * len(head) or _is_utf8(head)


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # the head may end within a character
    return True
