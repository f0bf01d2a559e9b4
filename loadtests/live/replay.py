"""Live speech without a clock: the session's turns, drafts and transcripts, faster than real time.

    python -m loadtests.live.replay --data FOLDER [--streams N] [--no-drafts] [--silence-ms 500]

Plays the recordings of FOLDER/manifest.jsonl to a session in a virtual time, in which a transcript
takes as long as `computing_seconds` says, so that the same code gives the same figures on every
machine and rules about turns can be compared. Prints the word error rate and that of the same
recordings transcribed whole, the delays, and the computing time. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from exporting.store import model_folder
from loadtests.figures import percentile
from loadtests.live.scoring import speech_end_before, text_of, word_error_rate
from loadtests.live.streams import GROUPS, RATE, Stream, make_streams
from runners.transcriber.transcriber import Transcriber
from runners.transcriber.transcript import Transcript, TranscriptionRequest
from samo.audio import decode
from samo.live import server_events
from samo.live.config import SessionConfig
from samo.live.conversation import DRAFT_PACE, MIN_DRAFT_SECONDS
from samo.live.session import LiveSession
from samo.live.turns import Decode, Purpose
from training.evaluation.wer import ReferenceRecording, load_manifest

PIECE_SECONDS: Final = 0.1
# Seconds that one core of an AMD EPYC with VNNI takes to encode, by seconds of audio.
_ENCODING: Final = ((8.0, 10.0, 15.0, 20.0, 25.0, 30.0), (0.10, 0.13, 0.22, 0.35, 0.58, 0.79))
_SECONDS_PER_WORD: Final = 0.014
_ALIGNMENT_PER_SECOND: Final = 0.01
_OVERHEAD_SECONDS: Final = 0.05

Transcribe = Callable[[TranscriptionRequest], Transcript]


@dataclass(slots=True)
class ReplayedTurn:
    """A turn as a client would see it; times in seconds of the stream's audio."""

    start: float
    end: float = 0.0
    transcript: str = ""
    completed: float = 0.0
    """When its transcript was complete."""


@dataclass(slots=True)
class Replay:
    """What came of one stream."""

    turns: dict[str, ReplayedTurn] = field(default_factory=dict)
    computing_seconds: float = 0.0
    decodes: int = 0


def computing_seconds(request: TranscriptionRequest, transcript: Transcript) -> float:
    """About how long a core takes."""
    seconds = len(request.samples) / RATE
    return float(
        _OVERHEAD_SECONDS
        + np.interp(seconds + 2, *_ENCODING)
        + _SECONDS_PER_WORD * len(transcript.text.split())
        + (0.0 if request.draft else _ALIGNMENT_PER_SECOND * seconds)
    )


class _Player:
    """One session in virtual time: audio in pieces, one transcript at a time."""

    def __init__(self, config: SessionConfig, transcribe: Transcribe, *, drafts: bool) -> None:
        self._session = LiveSession(config)
        self._transcribe = transcribe
        self._drafts = drafts
        self._draft_seconds = 0.0
        self._running: tuple[float, Decode, Transcript] | None = None
        self.found = Replay()

    def play(self, stream: Stream) -> Replay:
        step = int(PIECE_SECONDS * RATE)
        samples = stream.samples.astype(np.float32) / np.float32(32_768)
        for at in range(0, len(samples), step):
            now = min(at + step, len(samples)) / RATE
            self._run_until(now)
            self._note(self._session.append(samples[at : at + step]), now)
            if self._running is not None and not self._session.is_wanted(self._running[1]):
                self._running = None
            self._start(now)
        self._note(self._session.finish(), now)
        self._drafts = False
        self._start(now)
        self._run_until(float("inf"))
        return self.found

    def _run_until(self, now: float) -> None:
        """Take the transcripts that are complete by then, and start the next ones."""
        while self._running is not None and self._running[0] <= now:
            done, decode, transcript = self._running
            self._running = None
            self._note(self._session.decoded(decode, transcript), done)
            self._start(done)

    def _start(self, now: float) -> None:
        if self._running is not None:
            return
        interval = max(MIN_DRAFT_SECONDS, DRAFT_PACE * self._draft_seconds)
        decode = self._session.next_decode(draft_after_seconds=interval if self._drafts else None)
        if decode is None:
            return
        transcript = self._transcribe(decode.request)
        seconds = computing_seconds(decode.request, transcript)
        if decode.purpose is Purpose.DRAFT:
            self._draft_seconds = seconds
        self.found.computing_seconds += seconds
        self.found.decodes += 1
        self._running = (now + seconds, decode, transcript)

    def _note(self, events: list[server_events.ServerEvent], now: float) -> None:
        turns = self.found.turns
        for event in events:
            if isinstance(event, server_events.SpeechStarted):
                turns[event.item_id] = ReplayedTurn(event.audio_start_ms / 1000)
            elif isinstance(event, server_events.Committed):
                turns[event.item_id].end = now
            elif isinstance(event, server_events.Completed):
                turns[event.item_id].transcript = event.transcript
                turns[event.item_id].completed = now
        self._session.take_finished()


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found over all streams; times in seconds."""

    recordings: int
    turns: int
    wer: float
    whole_wer: float
    """Of the same recordings, transcribed whole."""
    delay_p50: float
    """From the end of a turn's speech to its transcript, in virtual time."""
    delay_p95: float
    computing_per_audio_second: float


def replay(
    streams: list[Stream], config: SessionConfig, transcribe: Transcribe, *, drafts: bool
) -> list[Replay]:
    """Play each stream to a session of its own, one after the other."""
    return [
        _Player(config, transcribe, drafts=drafts).play(stream)
        for stream in tqdm(streams, desc="replaying", unit="stream")
    ]


def transcribe_whole(
    recordings: list[ReferenceRecording], transcribe: Transcribe
) -> dict[Path, str]:
    """The transcripts of whole recordings, as uploads get them."""
    return {
        one.path: transcribe(
            TranscriptionRequest(decode(one.path.read_bytes()).samples, language=one.language)
        ).text
        for one in tqdm(recordings, desc="transcribing", unit="recording")
    }


def session_config(silence_ms: int | None) -> SessionConfig:
    """A session in English; without a silence it has the default turn detection."""
    source: dict[str, Any] = {
        "format": {"type": "audio/pcm", "rate": RATE},
        "transcription": {"language": "en"},
    }
    if silence_ms is not None:
        source["turn_detection"] = {"type": "server_vad", "silence_duration_ms": silence_ms}
    return SessionConfig.model_validate({"type": "transcription", "audio": {"input": source}})


@dataclass(frozen=True, slots=True)
class Pair:
    """What was understood of a recording, live and whole."""

    recording: ReferenceRecording
    live: str
    whole: str


def compare(streams: list[Stream], replays: list[Replay], whole: dict[Path, str]) -> list[Pair]:
    """One pair per recording."""
    return [
        Pair(one.recording, text_of(one, found.turns.values()), whole[one.recording.path])
        for stream, found in zip(streams, replays, strict=True)
        for one in stream.phrases
    ]


def figures(streams: list[Stream], replays: list[Replay], pairs: list[Pair]) -> Figures:
    """The figures over everything."""
    delays = [
        turn.completed - speech_end_before(stream, turn.end)
        for stream, found in zip(streams, replays, strict=True)
        for turn in found.turns.values()
    ]
    references = [pair.recording.text for pair in pairs]
    return Figures(
        recordings=len(pairs),
        turns=len(delays),
        wer=round(word_error_rate(references, [pair.live for pair in pairs]), 4),
        whole_wer=round(word_error_rate(references, [pair.whole for pair in pairs]), 4),
        delay_p50=round(percentile(delays, 0.5), 2),
        delay_p95=round(percentile(delays, 0.95), 2),
        computing_per_audio_second=round(
            sum(found.computing_seconds for found in replays)
            / sum(stream.seconds for stream in streams),
            3,
        ),
    )


def print_texts(pairs: list[Pair]) -> None:
    """Print the recordings of which live speech understands more or less."""
    for pair in pairs:
        live, whole = (word_error_rate([pair.recording.text], [t]) for t in (pair.live, pair.whole))
        if live != whole:
            print(f"{pair.recording.path.name}: WER {live:.1%}, whole {whole:.1%}")
            print(f"  spoken: {pair.recording.text}\n  live:   {pair.live}\n  whole:  {pair.whole}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.live.replay",
        description="Play recordings to live sessions in virtual time. The last line is JSON.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--seconds", type=float, default=100, help="length of each stream")
    parser.add_argument("--streams", type=int, help="number of streams; default: all recordings")
    parser.add_argument("--silence-ms", type=int, help="silence_duration_ms of the session")
    parser.add_argument("--no-drafts", action="store_true", help="transcribe only at pauses")
    parser.add_argument("--texts", action="store_true", help="print the texts that differ")
    args = parser.parse_args()
    transcriber = Transcriber.load(model_folder("samo-transcriber"), threads=1)

    def transcribe(request: TranscriptionRequest) -> Transcript:
        (transcript,) = transcriber.predict([request])
        return transcript

    recordings = [one for one in load_manifest(args.data) if one.kind in GROUPS]
    streams = make_streams(recordings, args.seconds)[: args.streams]
    replays = replay(
        streams, session_config(args.silence_ms), transcribe, drafts=not args.no_drafts
    )
    used = [phrase.recording for stream in streams for phrase in stream.phrases]
    pairs = compare(streams, replays, transcribe_whole(used, transcribe))
    if args.texts:
        print_texts(pairs)
    print(json.dumps(asdict(figures(streams, replays, pairs))))


if __name__ == "__main__":
    main()
