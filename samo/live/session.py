"""A live session as a state machine: audio and events of the client in, events out.

It knows neither a socket nor a model nor the time. `next_decode` says what should be transcribed
now, and `decoded` takes the result.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from runners.errors import SamoError
from runners.transcriber.transcript import SAMPLE_RATE, Transcript
from samo.limits import MAX_AUDIO_SECONDS
from samo.live import requests
from samo.live import server_events as events
from samo.live.agreement import complete, extend_stable
from samo.live.audio_input import AudioInput, Samples
from samo.live.client_events import EventError
from samo.live.config import SessionConfig
from samo.live.detection import TurnDetector
from samo.live.endpointing import Transition
from samo.live.turns import Decode, FinishedTurn, Purpose, SampleBuffer, Turn

# A shorter recording is committed by mistake; OpenAI refuses it too.
MIN_COMMIT_SECONDS: Final = 0.1
# After this pause the turn is transcribed completely, in case that it ends there.
PAUSE_SECONDS: Final = 0.2
# A draft of less has no word to agree on.
MIN_DRAFT_SECONDS: Final = 1.0
# Before a turn is noticed it has begun, and its start must still be there.
_KEPT_SECONDS: Final = 1.0

Events = list[events.ServerEvent]


class LiveSession:
    """One session."""

    def __init__(self, config: SessionConfig | None = None) -> None:
        self.id = events.new_id("sess")
        self._config = config or SessionConfig.default()
        self._audio = SampleBuffer()
        self._turn: Turn | None = None
        self._pending: deque[Turn] = deque()
        self._finished: list[FinishedTurn] = []
        self._last_item_id: str | None = None
        self._last_text = ""
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
        self._config = config
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
            if self._turn is not None:
                self._turn.speech_end = self._detector.speech_end
            if transition is Transition.STARTED:
                found.append(self._start_turn(self._detector))
            elif transition is Transition.STOPPED:
                found += self._end_turn(self._detector.position, heard=True)
        if self._turn is None:
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
            if self._turn is None:
                raise EventError(
                    "There is no speech in the buffer.", "input_audio_buffer_commit_empty"
                )
            self._detector.end_turn()
            self._turn.speech_end = self._audio.end
            return self._end_turn(self._audio.end, heard=False)
        if self._audio.end - self._audio.start < MIN_COMMIT_SECONDS * SAMPLE_RATE:
            raise EventError(
                f"The buffer has less than {1000 * MIN_COMMIT_SECONDS:g} ms of audio.",
                "input_audio_buffer_commit_empty",
            )
        self._turn = self._new_turn(self._audio.start)
        self._turn.speech_end = self._audio.end
        return self._end_turn(self._audio.end, heard=False)

    def clear(self) -> Events:
        """Forget the audio that is not committed."""
        self._input.restart()
        if self._detector is not None:
            self._detector.end_turn()
        self._turn = None
        self._audio.drop_before(self._audio.end)
        return [events.Cleared()]

    def finish(self) -> Events:
        """Commit what is left; nothing, if there is nothing."""
        try:
            return self.commit()
        except EventError:
            return []

    @property
    def has_work(self) -> bool:
        """Whether turns are not transcribed yet."""
        return bool(self._pending)

    @property
    def pending_turns(self) -> int:
        """Number of ended turns that are not transcribed yet."""
        return len(self._pending)

    def take_finished(self) -> list[FinishedTurn]:
        """The turns that were finished since the last call."""
        finished, self._finished = self._finished, []
        return finished

    def next_decode(self, *, draft_after_seconds: float | None) -> Decode | None:
        """What should be transcribed now.

        Args:
            draft_after_seconds: how much new audio a draft needs; None for no drafts.
        """
        if self._pending:
            return self._decode(self._pending[0], Purpose.FINAL)
        turn = self._turn
        if turn is None or self._detector is None:
            return None
        if self._detector.pause_seconds >= PAUSE_SECONDS:
            if not turn.is_covered(turn.checked_until):
                return self._decode(turn, Purpose.PAUSE)
            return None
        if draft_after_seconds is None:
            return None
        since = max(turn.read_until, turn.start) + draft_after_seconds * SAMPLE_RATE
        earliest = turn.start + MIN_DRAFT_SECONDS * SAMPLE_RATE
        if self._audio.end >= max(since, earliest):
            return self._decode(turn, Purpose.DRAFT)
        return None

    def is_wanted(self, decode: Decode) -> bool:
        """Whether the result of a decode is still of use."""
        turn = decode.turn
        if decode.purpose is Purpose.FINAL:
            return turn in self._pending
        if decode.purpose is Purpose.PAUSE:
            ended_there = turn in self._pending and turn.is_covered(decode.speech_end)
            return turn is self._turn or ended_there
        pause = self._detector.pause_seconds if self._detector else 0.0
        return turn is self._turn and pause < PAUSE_SECONDS

    def decoded(self, decode: Decode, transcript: Transcript) -> Events:
        """Take the result of a decode."""
        turn = decode.turn
        if not self.is_wanted(decode) and turn is not self._turn:
            return []
        turn.read_until = decode.until
        if decode.purpose is Purpose.FINAL:
            return self._complete(turn, transcript)
        is_pause = decode.purpose is Purpose.PAUSE
        text = complete(turn.stable, transcript.text) if is_pause else transcript.text
        if is_pause:
            turn.checked, turn.checked_until = transcript, decode.speech_end
            if turn in self._pending:
                return self._complete(turn, transcript)
        stable = extend_stable(turn.stable, turn.draft, text, is_complete=is_pause)
        turn.draft = text
        return self._send_stable(turn, stable, transcript.language)

    def failed(self, decode: Decode, error: SamoError) -> Events:
        """A decode has failed; a turn that has ended fails with it."""
        turn = decode.turn
        turn.read_until = decode.until
        if decode.purpose is not Purpose.FINAL:
            turn.checked_until = decode.speech_end
            return []
        self._pending.remove(turn)
        details = events.ErrorDetails(type="server_error", code=error.code, message=error.message)
        return [events.Failed(item_id=turn.item_id, error=details)]

    def _use_config(self) -> None:
        source = self._config.audio.input
        assert source.format.rate is not None  # noqa: S101  # the validator sets it
        self._input = AudioInput(source.format.type, source.format.rate)
        vad = source.turn_detection
        self._detector = None if vad is None else TurnDetector(vad, self._audio.end)

    @property
    def _has_open_audio(self) -> bool:
        if self._detector is not None:
            return self._turn is not None
        return self._audio.end > self._audio.start

    def _new_turn(self, start: int) -> Turn:
        turn = Turn(events.new_id("item"), self._last_item_id, start)
        self._last_item_id = turn.item_id
        return turn

    def _start_turn(self, detector: TurnDetector) -> events.ServerEvent:
        start = max(self._audio.start, detector.speech_start - detector.prefix)
        self._turn = self._new_turn(start)
        self._turn.speech_end = detector.speech_end
        return events.SpeechStarted(item_id=self._turn.item_id, audio_start_ms=_milliseconds(start))

    def _end_turn(self, position: int, *, heard: bool) -> Events:
        """End the open turn; `heard` says whether voice activity detection heard its end."""
        turn = self._turn
        assert turn is not None  # noqa: S101  # the callers have checked that
        self._turn = None
        turn.samples = self._audio.cut(turn.start, turn.end_of_audio(position))
        self._audio.drop_before(position)
        self._pending.append(turn)
        item_id, previous = turn.item_id, turn.previous_item_id
        found: Events = [
            events.Committed(item_id=item_id, previous_item_id=previous),
            events.ItemCreated(item=events.Item(id=item_id), previous_item_id=previous),
        ]
        if heard:
            stopped = events.SpeechStopped(item_id=item_id, audio_end_ms=_milliseconds(position))
            found.insert(0, stopped)
        if turn.checked is not None and turn.is_covered(turn.checked_until):
            found += self._complete(turn, turn.checked)
        return found

    def _decode(self, turn: Turn, purpose: Purpose) -> Decode:
        until = self._audio.end
        samples = turn.samples
        if samples is None:
            samples = self._audio.cut(turn.start, turn.end_of_audio(until))
        request = requests.complete(self._config, samples, self._last_text)
        if purpose is Purpose.DRAFT:
            request = requests.draft(request, turn)
        return Decode(turn, purpose, request, turn.speech_end, until)

    def _send_stable(self, turn: Turn, stable: str, language: str | None) -> Events:
        delta = stable[len(turn.stable) :]
        if not delta:
            return []
        turn.stable = stable
        turn.language = turn.language or language
        return [events.Delta(item_id=turn.item_id, delta=delta)]

    def _complete(self, turn: Turn, transcript: Transcript) -> Events:
        self._pending.remove(turn)
        assert turn.samples is not None  # noqa: S101  # the turn has ended
        text = complete(turn.stable, transcript.text)
        found = self._send_stable(turn, text, transcript.language)
        end = turn.start + len(turn.samples)
        self._last_text = text
        self._finished.append(
            FinishedTurn(turn.item_id, turn.start, end, text, transcript, turn.samples)
        )
        return [*found, requests.completed(self._config, turn, text, transcript)]


def _milliseconds(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE
