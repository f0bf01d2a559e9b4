"""Divide a recording into parts that are transcribed independently, and join their transcripts.

A part is one of the windows into which `regions` divides the speech at pauses, with its half of the
pauses around it. Whisper transcribes windows independently anyway, so the text is that of one pass.
Only the language is carried from one window to the next: parts are told it by `main_language`.

Parts of one recording can be computed side by side, and a recording of hours is transcribed without
being in memory: `divide_section` takes a few minutes of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from typing import Final

from runners.transcriber.regions import speech_windows
from runners.transcriber.timestamps import speech_seconds
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    Segment,
    TimeSpan,
    Transcript,
    TranscriptionRequest,
)
from runners.transcriber.voice_activity import (
    FRAME_SAMPLES,
    FrameRange,
    VoiceActivity,
    amplify,
    detect_voice,
)
from runners.transcriber.windowing import confidence

SECTION_SECONDS: Final = 300
"""Length of the sections of a long recording: 19 MB of samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRequest(TranscriptionRequest):
    """A part of a recording, already amplified, with the voice that was detected in it.

    `samples` are those of the part, and the times in its transcript count from its start.
    """

    voice: VoiceActivity
    start_sample: int
    """Index of its first sample in the recording."""


def divide(request: TranscriptionRequest, start_sample: int = 0) -> list[PartRequest]:
    """Divide a recording at its pauses into parts with up to 30 s of speech, in order.

    Together they contain all samples. A recording without a certain voice is not divided: whether
    it has any words is decided for all of it.
    """
    samples = amplify(request.samples)
    voice = detect_voice(samples, request.voice_detection)
    options = {one.name: getattr(request, one.name) for one in fields(TranscriptionRequest)}
    options |= {"samples": samples, "word_timestamps": True}  # `join` needs the words
    whole = PartRequest(**options, voice=voice, start_sample=start_sample)
    windows = speech_windows(voice) if voice.is_certain else []
    return [_cut(whole, window.bounds) for window in windows] or [whole]


def divide_section(
    request: TranscriptionRequest, start_sample: int, *, is_last: bool
) -> tuple[list[PartRequest], int]:
    """Divide a section of a longer recording; also return the number of samples in the parts.

    The next section begins after these samples: the last window of this one may continue there.
    """
    parts = divide(request, start_sample)
    if is_last or len(parts) == 1:
        return parts, len(request.samples)
    del parts[-1]
    return parts, sum(len(part.samples) for part in parts)


def _cut(whole: PartRequest, frames: FrameRange) -> PartRequest:
    first, last = frames[0] * FRAME_SAMPLES, frames[1] * FRAME_SAMPLES
    return replace(
        whole,
        samples=whole.samples[first:last],
        voice=whole.voice.part(frames),
        start_sample=whole.start_sample + first,
    )


@dataclass(slots=True)
class TranscribedParts:
    """The transcripts of the first parts of a recording, joined.

    Attributes:
        language: the language that was requested; None if it is detected.
        segments: with the words, and times in the recording.

    """

    language: str | None = None
    segments: list[Segment] = field(default_factory=list)
    _unclear: list[TimeSpan] = field(default_factory=list)
    _probabilities: dict[str, float] = field(default_factory=dict)
    _no_speech: bool = True

    def add(self, start_sample: int, transcript: Transcript) -> None:
        """Add the transcript of the next part."""
        offset = start_sample / SAMPLE_RATE
        first = len(self.segments)
        self.segments += [
            _moved(segment, offset, first + number)
            for number, segment in enumerate(transcript.segments)
        ]
        self._unclear += [
            TimeSpan(round(span.start + offset, 3), round(span.end + offset, 3))
            for span in transcript.unclear
        ]
        if transcript.segments and transcript.language is not None:
            self._probabilities.setdefault(transcript.language, transcript.language_probability)
        self._no_speech &= transcript.no_speech

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(segment.text for segment in self.segments).strip()

    @property
    def main_language(self) -> str | None:
        """The language of most of the speech; the requested one if there is no speech yet."""
        seconds: dict[str | None, float] = defaultdict(float)
        for segment in self.segments:
            seconds[segment.language] += segment.end - segment.start
        return max(seconds, key=lambda key: seconds[key]) if seconds else self.language

    def transcript(self, duration: float, *, word_timestamps: bool) -> Transcript:
        """The transcript of the recording, which lasts `duration` seconds."""
        language = self.main_language
        return Transcript(
            text=self.text,
            language=language,
            language_probability=1.0
            if language is not None and language == self.language
            else self._probabilities.get(language or "", 0.0),
            duration=duration,
            confidence=confidence(self.segments),
            no_speech=self._no_speech,
            segments=tuple(
                self.segments
                if word_timestamps
                else (replace(segment, words=None) for segment in self.segments)
            ),
            speech_seconds=speech_seconds(self.segments),
            unclear=tuple(self._unclear),
        )


def _moved(segment: Segment, offset: float, number: int) -> Segment:
    """A segment of a part, with its times in the recording."""
    return replace(
        segment,
        id=number,
        start=round(segment.start + offset, 3),
        end=round(segment.end + offset, 3),
        window_start=round(segment.window_start + offset, 2),
        words=tuple(
            replace(word, start=round(word.start + offset, 3), end=round(word.end + offset, 3))
            for word in segment.words or ()
        ),
    )
