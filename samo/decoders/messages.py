"""The messages between the service and a decoder process, over a stream socket.

The request is its length in 8 bytes and the bytes of the upload. The response is:

    "R", CPU time, length of JSON, JSON, samples in float32    from the process, unless it died
    "S", CPU time, status                                      from the template, at its end

CPU time is in milliseconds; each number has 4 bytes.

The decoder process parses hostile files, so its response is checked like input: JSON and numbers,
never pickle, and error classes from a list.
"""

from __future__ import annotations

import json
import struct
import traceback
from pathlib import Path
from typing import Any, Final

from runners.errors import AudioTooLong, SamoError, UndecodableAudio, UnsupportedAudio
from samo.audio.types import SAMPLE_RATE, Audio, Gap, Samples
from samo.limits import MAX_AUDIO_SECONDS

REQUEST: Final = struct.Struct("!Q")
TAG: Final = struct.Struct("!cII")
"""The tag of a response, the CPU time, and the length of its JSON or the exit status."""
RESPONSE: Final = b"R"
STATUS: Final = b"S"
MAX_JSON_BYTES: Final = 256 * 1024
# Two seconds more than the limit: decoding stops after the padding of the last frame.
MAX_SAMPLES: Final = int((MAX_AUDIO_SECONDS + 2) * SAMPLE_RATE)

_MAX_FAILURE_CHARACTERS: Final = 1_000
_ERRORS: Final[dict[str, type[SamoError]]] = {
    error.__name__: error for error in (UnsupportedAudio, UndecodableAudio, AudioTooLong)
}


class InvalidResponse(Exception):
    """A decoder process sent something else than a response."""


class DecoderFailure(Exception):
    """Decoding raised an exception that is no `SamoError`; the message says where."""


def audio_head(audio: Audio) -> bytes:
    """The JSON that goes before the samples."""
    return json.dumps(
        {
            "samples": len(audio.samples),
            "container": audio.container,
            "codec": audio.codec,
            "gaps": [[gap.start, gap.seconds] for gap in audio.gaps],
        }
    ).encode()


def error_head(error: SamoError) -> bytes:
    """The JSON of an error."""
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _ERRORS)
    return json.dumps({"error": name, "message": error.message, "details": error.details}).encode()


def failure_head(error: Exception) -> bytes:
    """The JSON of an exception that decoding must not raise: where it was raised, without text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"
    return json.dumps({"failure": f"{type(error).__name__} at {place}"}).encode()


def parse_head(head: bytes) -> dict[str, Any]:
    """Parse the JSON of a response with audio.

    Raises:
        SamoError: The response is an error.
        DecoderFailure: Decoding failed as it must not.
        InvalidResponse: It has another form.
    """
    try:
        fields = json.loads(head)
        if "failure" in fields:
            raise DecoderFailure(str(fields["failure"])[:_MAX_FAILURE_CHARACTERS])
        if "error" in fields:
            error = _ERRORS[fields["error"]](str(fields["message"]), **fields["details"])
        elif type(fields["samples"]) is int and 0 <= fields["samples"] <= MAX_SAMPLES:
            return dict(fields)
        else:
            raise InvalidResponse
    except (ValueError, KeyError, TypeError):
        raise InvalidResponse from None
    raise error


def audio_of(fields: dict[str, Any], samples: Samples) -> Audio:
    """The audio of a response whose JSON is `fields`. Raises `InvalidResponse`."""
    try:
        gaps = tuple(Gap(float(start), float(seconds)) for start, seconds in fields["gaps"])
        return Audio(samples, SAMPLE_RATE, str(fields["container"]), str(fields["codec"]), gaps)
    except (ValueError, KeyError, TypeError):
        raise InvalidResponse from None
