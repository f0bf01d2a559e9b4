"""The requests of the steady load, and what their responses must contain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from loadtests.processes import ROOT
from loadtests.texts import BUILT_IN_TEXTS

RECORDING: Final = ROOT / "tests" / "data" / "entry.flac"


class WrongResponse(AssertionError):  # an event, not an error in code
    """A response lacks something, or has another content than without faults."""


@dataclass
class Request:
    """One kind of request.

    Attributes:
        path: of the route.
        content: body, as keyword arguments of httpx.
        models: the models without which the route has no response.
        pick: returns the part of a response that is the same every time.
        expected: that part, as answered before the first fault.

    """

    path: str
    content: dict[str, Any]
    models: Sequence[str]
    pick: Callable[[dict[str, Any]], dict[str, Any]]
    expected: dict[str, Any] | None = field(default=None, repr=False)

    def degraded(self, response: httpx.Response) -> list[str]:
        """The steps that a 200 lacks.

        Raises:
            WrongResponse: It lacks more than that, or something else changed.
        """
        body = response.json()
        missing: list[str] = body.get("degraded", [])
        part = self.pick(body)
        if self.expected is None:
            if missing:
                raise WrongResponse(f"{self.path} lacks {missing} without a fault")
            self.expected = part
        for name, value in part.items():
            if name in missing:
                if value:
                    raise WrongResponse(f"{self.path} has {name}, which is degraded")
            elif name == "summary" and "emotion" in missing:
                if not value:  # other sentences are selected without the emotions
                    raise WrongResponse(f"{self.path} has no {name}")
            elif value != self.expected[name]:
                raise WrongResponse(f"{self.path} has another {name}")
        return missing


def _insight(body: dict[str, Any]) -> dict[str, Any]:
    transcription = body["transcription"] or {}
    return {
        "transcription": transcription.get("text"),
        "emotion": (body["emotion_analysis"], body["arc"]) if body["emotion_analysis"] else None,
        "summary": body["summary"] and body["summary"]["summary"],
    }


def _upload() -> dict[str, Any]:
    return {"files": {"file": ("entry.flac", RECORDING.read_bytes())}}


def steady_requests() -> list[Request]:
    """The kinds of requests of the steady load."""
    sentences = [one for one in BUILT_IN_TEXTS.read_text(encoding="utf-8").splitlines() if one]
    entry = " ".join(itertools.islice(sentences, 8))
    json = {"text": entry}
    return [
        Request("/predict", {"json": {"text": sentences[0]}}, ("emotion",), _part("emotions")),
        Request("/summarize/text", {"json": json}, ("summarizer",), _part("summary")),
        Request("/analyze/journal", {"json": json}, (), _insight),
        Request("/analyze/voice-journal", _upload(), ("transcriber",), _insight),
        Request("/v1/audio/transcriptions", _upload(), ("transcriber",), _part("text")),
    ]


def _part(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {name: body[name]}
