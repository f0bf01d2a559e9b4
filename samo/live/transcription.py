"""From turns to their texts: what should be transcribed now, and the events of what was."""

from __future__ import annotations

from collections import deque
from typing import Final

from runners.errors import SamoError
from runners.transcriber.transcript import SAMPLE_RATE, Transcript
from samo.live import requests
from samo.live import server_events as events
from samo.live.agreement import complete, extend_stable
from samo.live.audio_input import Samples
from samo.live.config import SessionConfig
from samo.live.turns import Decode, FinishedTurn, Purpose, SampleBuffer, Turn

# After this pause the turn is transcribed completely, in case that it ends there.
PAUSE_SECONDS: Final = 0.2
# A draft of less has no word to agree on.
MIN_DRAFT_SECONDS: Final = 1.0
# A turn of a few words is understood better with what was said before it.
SHORT_TURN_SECONDS: Final = 4.0
PRECEDING_SECONDS: Final = 6.0
MAX_GAP_SECONDS: Final = 3.0

Events = list[events.ServerEvent]


class TurnTranscription:
    """The open turn of a session and those that have ended but have no transcript yet.

    Args:
        config: the configuration; it is set again when it changes.
        audio: the samples of the session, from the start of the open turn on.
    """

    def __init__(self, config: SessionConfig, audio: SampleBuffer) -> None:
        self.config = config
        self.open: Turn | None = None
        """The turn in which somebody speaks; None without turn detection."""
        self.pause_seconds = 0.0
        """How long nobody has spoken in it."""
        self._audio = audio
        self._pending: deque[Turn] = deque()
        self._finished: list[FinishedTurn] = []
        self._before: FinishedTurn | None = None

    @property
    def pending_turns(self) -> int:
        """Number of ended turns that are not transcribed yet."""
        return len(self._pending)

    def end(self, turn: Turn, position: int) -> Events:
        """The turn has ended; it may be transcribed already."""
        if turn is self.open:
            self.open = None
        turn.samples = self._audio.cut(turn.start, turn.end_of_audio(position))
        self._pending.append(turn)
        if turn.checked is not None and turn.is_covered(turn.checked_until):
            return self._complete(turn, turn.checked)
        return []

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
        turn = self.open
        if turn is None:
            return None
        if self.pause_seconds >= PAUSE_SECONDS:
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
            return (turn is self.open or turn in self._pending) and turn.is_covered(decode.heard)
        return turn is self.open and self.pause_seconds < PAUSE_SECONDS

    def decoded(self, decode: Decode, transcript: Transcript) -> Events:
        """Take the result of a decode."""
        turn = decode.turn
        if not self.is_wanted(decode) and turn is not self.open:
            return []
        turn.read_until = decode.until
        if decode.purpose is Purpose.FINAL:
            return self._complete(turn, transcript)
        text = complete(turn.stable, transcript.text)
        if decode.purpose is Purpose.PAUSE:
            turn.checked, turn.checked_until = transcript, decode.heard
            if turn in self._pending:
                return self._complete(turn, transcript)
        seconds = len(decode.request.samples) / SAMPLE_RATE - decode.request.preceding_seconds
        stable = extend_stable(turn.stable, turn.draft, text, seconds=seconds)
        turn.draft = text
        return self._send_stable(turn, stable, transcript.language)

    def failed(self, decode: Decode, error: SamoError) -> Events:
        """A decode has failed; a turn that has ended fails with it."""
        turn = decode.turn
        turn.read_until = decode.until
        if decode.purpose is not Purpose.FINAL:
            turn.checked_until = decode.heard
            return []
        self._pending.remove(turn)
        details = events.ErrorDetails(type="server_error", code=error.code, message=error.message)
        return [events.Failed(item_id=turn.item_id, error=details)]

    def _decode(self, turn: Turn, purpose: Purpose) -> Decode:
        until = self._audio.end
        samples = turn.samples
        if samples is None:
            samples = self._audio.cut(turn.start, turn.end_of_audio(until))
        if purpose is Purpose.DRAFT:
            request = requests.draft(self.config, samples, turn)
        else:
            request = requests.complete(self.config, samples, self._audio_before(turn, samples))
        return Decode(turn, purpose, request, turn.heard, until)

    def _audio_before(self, turn: Turn, samples: Samples) -> Samples:
        """The audio before a short turn, so that Whisper has more than a few words."""
        before = self._before
        if (
            before is None
            or len(samples) > SHORT_TURN_SECONDS * SAMPLE_RATE
            or not 0 < turn.start - before.end <= MAX_GAP_SECONDS * SAMPLE_RATE
        ):
            return samples[:0]
        return before.samples[-round(PRECEDING_SECONDS * SAMPLE_RATE) :]

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
        finished = FinishedTurn(turn.item_id, turn.start, end, text, transcript, turn.samples)
        self._finished.append(finished)
        self._before = finished if text else None
        return [*found, requests.completed(self.config, turn, text, transcript)]
