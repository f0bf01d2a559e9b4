"""Values of form fields that are not plain text: objects, phrases, and other names for a field."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Final

from starlette.datastructures import UploadFile

from runners.text.blank import is_blank
from samo import options

# Objects, whose parts clients send as `chunking_strategy[type]`.
_OBJECT_FIELDS: Final = ("chunking_strategy",)
# Names of other speech servers for fields of OpenAI's API.
_ALIASES: Final = {"hotwords": "keywords", "initial_prompt": "prompt"}
_PART: Final = re.compile(r"(\w+)\[(\w+)\]")
_SPEAKERS: Final = "Speakers are not distinguished here; leave it out"
_HINTS: Final = dict.fromkeys(
    (
        "diarize",
        "known_speaker_names",
        "known_speaker_references",
        "max_speakers",
        "min_speakers",
        "num_speakers",
    ),
    _SPEAKERS,
)

Item = tuple[str, str | UploadFile]


def combine(items: Iterable[Item], supported: Collection[str]) -> list[Item]:
    """Join the parts of objects into one JSON value each, and replace other names of fields.

    `supported` are the names of the route's fields, without brackets.
    """
    combined: list[Item] = []
    objects: dict[str, dict[str, str]] = {}
    for name, value in items:
        part = _PART.fullmatch(name.strip().lower())
        if part and part[1] in _OBJECT_FIELDS and isinstance(value, str):
            objects.setdefault(part[1], {})[part[2]] = value.strip()
            continue
        alias = _ALIASES.get(options.field_name(name), name)
        combined.append((alias if alias in supported else name, value))
    combined += [(name, json.dumps(parts)) for name, parts in objects.items()]
    return combined


def parse_phrases(values: Iterable[str]) -> list[str]:
    """The phrases of a list, each once: repeated fields, a JSON list, or commas between them."""
    phrases: list[str] = []
    for value in values:
        try:
            listed = json.loads(value)
        except ValueError:
            listed = None
        if not (isinstance(listed, list) and all(isinstance(one, str) for one in listed)):
            listed = re.split(r"[,;\n]", value)
        phrases += [" ".join(phrase.split()) for phrase in listed]
    return [phrase for phrase in dict.fromkeys(phrases) if not is_blank(phrase)]


def unsupported_hint(name: str, accepted_values: Collection[str]) -> str:
    """What to do about a known field that the route does not support."""
    if name in _HINTS:
        return _HINTS[name]
    hint = f" or send {next(iter(accepted_values))}" if accepted_values else ""
    return f"This route does not support it; leave it out{hint}"
