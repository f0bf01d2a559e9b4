"""Turn detection on a session's samples: voice activity, then where turns begin and end."""

from __future__ import annotations

from collections.abc import Iterator

from runners.transcriber.transcript import SAMPLE_RATE
from runners.transcriber.voice_activity import FRAME_SAMPLES
from runners.transcriber.voice_stream import VoiceStream
from samo.live.audio_input import Samples
from samo.live.config import ServerVad
from samo.live.endpointing import Endpointer, Endpointing, Transition


class TurnDetector:
    """Finds turns. Positions are samples since the session's start.

    Args:
        vad: the numbers of the configuration.
        start: position of the first sample that it hears.
    """

    def __init__(self, vad: ServerVad, start: int) -> None:
        self._voice = VoiceStream()
        self._endpointer = Endpointer(Endpointing(vad.threshold, vad.silence_duration_ms / 1000))
        self._start = start
        self.prefix = vad.prefix_padding_ms * SAMPLE_RATE // 1000
        """Samples before the speech that belong to a turn."""

    def feed(self, samples: Samples) -> Iterator[Transition | None]:
        """Hear the next samples; what each frame changes."""
        for probability in self._voice.feed(samples):
            yield self._endpointer.feed(float(probability))

    def end_turn(self) -> None:
        """The client ends the turn; without a turn nothing changes."""
        self._endpointer.end_turn()

    @property
    def position(self) -> int:
        """The end of the last frame."""
        return self._to_samples(self._endpointer.position)

    @property
    def speech_start(self) -> int:
        """Where the speech of the turn starts."""
        return self._to_samples(self._endpointer.speech_start)

    @property
    def speech_end(self) -> int:
        """Where the speech of the turn ends, as far as is known."""
        return self._to_samples(self._endpointer.speech_end)

    @property
    def voiced(self) -> int:
        """Samples of the turn that are certainly speech."""
        return self._endpointer.voiced * FRAME_SAMPLES

    @property
    def pause_seconds(self) -> float:
        """How long nobody has spoken in this turn."""
        return self._endpointer.pause_seconds

    def _to_samples(self, frame: int) -> int:
        return self._start + frame * FRAME_SAMPLES
