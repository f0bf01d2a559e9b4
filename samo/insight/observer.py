"""What the pipeline tells a monitor about its inputs and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runners.emotion.calibration import Probabilities
from samo.audio import AudioLevels


class TextObserver(Protocol):
    """Is told about each text, on the event loop; it must not wait or raise."""

    def observe_text(self, passages: Sequence[str], probabilities: Sequence[Probabilities]) -> None:
        """A text was classified: its passages, at least one, and the probabilities of each."""
        ...


class Observer(TextObserver, Protocol):
    """Is told about each recording too."""

    def observe_recording(self, levels: AudioLevels, language: str | None) -> None:
        """A recording was transcribed: its levels, and Whisper's code of its language, if known."""
        ...
