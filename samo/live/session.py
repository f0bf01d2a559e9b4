"""A live session as a state machine: audio and events of the client in, events out.

It knows neither a socket nor a model nor the time. `next_decode` says what should be transcribed
now, and `decoded` takes the result.
"""

from __future__ import annotations

from typing import Final

from runners.errors import SamoError
from runners.transcriber.transcript import SAMPLE_RATE, Transcript
from samo.limits import MAX_AUDIO_SECONDS
from samo.live import server_events as events
from samo.live.audio_input import AudioInput, Samples
from samo.live.client_events import EventError
from samo.live.config import SessionConfig
from samo.live.detection import TurnDetector
from samo.live.endpointing import Transition
from samo.live.transcription import Events, TurnTranscription
from samo.live.turns import Decode, FinishedTurn, SampleBuffer, Turn

# A shorter recording is committed by mistake; OpenAI refuses it too.
MIN_COMMIT_SECONDS: Final = 0.1
# Before a turn is noticed it has begun, and its start must still be there.
_KEPT_SECONDS: Final = 1.0


class LiveSession:
    """One session."""

    def __init__(self, config: SessionConfig | None = None) -> None:
        self.id = events.new_id("sess")
        self._config = config or SessionConfig.default()
        self._audio = SampleBuffer()
        self._turns = TurnTranscription(self._config, self._audio)
        self._last_item_id: str | None = None
        self._use_config()

    @property
    def description(self) -> dict[str, object]:
        """The configuration, as events show it."""
        return {"id": self.id, **self._config.as_openai()}

    def created(self) -> events.ServerEvent:
        """The first event."""
        return events.SessionCreated(session=self.description)

    def update(self, update: SessionConfig) -> Events:
        """Change the configuration.

        Raises:
            EventError: The turn detection changes within a turn.
            pydantic.ValidationError: The fields do not fit to those that are set.
        """
        config = self._config.updated(update)
        old, new = self._config.audio.input, config.audio.input
        if old.turn_detection != new.turn_detection and self._has_open_audio:
            raise EventError(
                "session.audio.input.turn_detection: a turn is open: commit or clear it first.",
                param="session.audio.input.turn_detection",
            )
        changed = old.format != new.format or old.turn_detection != new.turn_detection
        self._config = self._turns.config = config
        if changed:
            self._use_config()
        return [events.SessionUpdated(session=self.description)]

    def decode_audio(self, data: bytes) -> Samples:
        """Samples at 16 kHz of bytes in the session's format.

        Raises:
            EventError: They begin a file, or the buffer would be longer than a recording may be.
        """
        samples = self._input.decode(data)
        if self._detector is None:
            seconds = (self._audio.end - self._audio.start + len(samples)) / SAMPLE_RATE
            if seconds > MAX_AUDIO_SECONDS:
                raise EventError(
                    f"audio: without turn_detection the buffer holds {MAX_AUDIO_SECONDS:g} s: "
                    "commit or clear it.",
                    "input_audio_buffer_full",
                    "audio",
                )
        return samples

    def append(self, samples: Samples) -> Events:
        """Take the next samples."""
        self._audio.append(samples)
        if self._detector is None:
            return []
        found: Events = []
        for transition in self._detector.feed(samples):
            if self._turns.open is not None:
                self._turns.open.speech_end = self._detector.speech_end
                self._turns.open.voiced = self._detector.voiced
            if transition is Transition.STARTED:
                found.append(self._start_turn(self._detector))
            elif transition is Transition.STOPPED and self._turns.open is not None:
                found += self._stop_turn(self._turns.open, self._detector.position)
        self._turns.pause_seconds = self._detector.pause_seconds
        if self._turns.open is None:
            kept = self._detector.prefix + round(_KEPT_SECONDS * SAMPLE_RATE)
            self._audio.drop_before(self._audio.end - kept)
        return found

    def commit(self) -> Events:
        """End the turn here.

        Raises:
            EventError: There is nothing to transcribe.
        """
        self._input.restart()
        if self._detector is not None:
            turn = self._turns.open
            if turn is None:
                raise EventError(
                    "There is no speech in the buffer.", "input_audio_buffer_commit_empty"
                )
            self._detector.end_turn()
            turn.speech_end = self._audio.end
            return self._end_turn(turn, self._audio.end)
        if self._audio.end - self._audio.start < MIN_COMMIT_SECONDS * SAMPLE_RATE:
            raise EventError(
                f"The buffer has less than {1000 * MIN_COMMIT_SECONDS:g} ms of audio.",
                "input_audio_buffer_commit_empty",
            )
        turn = self._new_turn(self._audio.start)
        turn.speech_end = self._audio.end
        return self._end_turn(turn, self._audio.end)

    def clear(self) -> Events:
        """Forget the audio that is not committed."""
        self._input.restart()
        if self._detector is not None:
            self._detector.end_turn()
        self._turns.open = None
        self._audio.drop_before(self._audio.end)
        return [events.Cleared()]

    def finish(self) -> Events:
        """Commit what is left; nothing, if there is nothing."""
        try:
            return self.commit()
        except EventError:
            return []

    @property
    def pending_turns(self) -> int:
        """Number of ended turns that are not transcribed yet."""
        return self._turns.pending_turns

    def take_finished(self) -> list[FinishedTurn]:
        """The turns that were finished since the last call."""
        return self._turns.take_finished()

    def next_decode(self, *, draft_after_seconds: float | None) -> Decode | None:
        """What should be transcribed now.

        Args:
            draft_after_seconds: how much new audio a draft needs; None for no drafts.
        """
        return self._turns.next_decode(draft_after_seconds=draft_after_seconds)

    def is_wanted(self, decode: Decode) -> bool:
        """Whether the result of a decode is still of use."""
        return self._turns.is_wanted(decode)

    def decoded(self, decode: Decode, transcript: Transcript) -> Events:
        """Take the result of a decode."""
        return self._turns.decoded(decode, transcript)

    def failed(self, decode: Decode, error: SamoError) -> Events:
        """A decode has failed; a turn that has ended fails with it."""
        return self._turns.failed(decode, error)

    def _use_config(self) -> None:
        source = self._config.audio.input
        assert source.format.rate is not None  # noqa: S101  # the validator sets it
        self._input = AudioInput(source.format.type, source.format.rate)
        vad = source.turn_detection
        self._detector = None if vad is None else TurnDetector(vad, self._audio.end)

    @property
    def _has_open_audio(self) -> bool:
        if self._detector is not None:
            return self._turns.open is not None
        return self._audio.end > self._audio.start

    def _new_turn(self, start: int) -> Turn:
        turn = Turn(events.new_id("item"), self._last_item_id, start)
        self._last_item_id = turn.item_id
        return turn

    def _start_turn(self, detector: TurnDetector) -> events.ServerEvent:
        start = max(self._audio.start, detector.speech_start - detector.prefix)
        turn = self._new_turn(start)
        turn.speech_end, turn.voiced = detector.speech_end, detector.voiced
        self._turns.open = turn
        return events.SpeechStarted(item_id=turn.item_id, audio_start_ms=_milliseconds(start))

    def _stop_turn(self, turn: Turn, position: int) -> Events:
        """End the open turn where turn detection hears its end."""
        stopped = events.SpeechStopped(item_id=turn.item_id, audio_end_ms=_milliseconds(position))
        return [stopped, *self._end_turn(turn, position)]

    def _end_turn(self, turn: Turn, position: int) -> Events:
        """End a turn: the open one, or all of the buffer without turn detection."""
        item_id, previous = turn.item_id, turn.previous_item_id
        completed = self._turns.end(turn, position)
        self._audio.drop_before(position)
        return [
            events.Committed(item_id=item_id, previous_item_id=previous),
            events.ItemCreated(item=events.Item(id=item_id), previous_item_id=previous),
            *completed,
        ]


def _milliseconds(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE
