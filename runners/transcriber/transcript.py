"""Types of the transcriber: the request and the transcript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

SAMPLE_RATE: Final = 16_000
"""Samples per second of every recording that is transcribed."""

SpeechTask = Literal["transcribe", "translate"]
SPEECH_TASKS: Final[tuple[SpeechTask, ...]] = ("transcribe", "translate")
"""Transcribe speech in its language, or translate it into English."""


@dataclass(frozen=True, slots=True)
class VoiceDetection:
    """Parameters of the voice activity detector. None keeps the automatic value."""

    threshold: float | None = None
    """Probability from which a frame is speech, 0 to 1. Automatic: 0.5."""
    seconds_before: float | None = None
    """Audio kept before speech. Automatic: 0.4 s, or 1.5 s if the speech seems to be whispered."""
    seconds_after: float | None = None
    """Audio kept after speech. Automatic: as `seconds_before`."""
    pause_seconds: float | None = None
    """A pause of this length ends a chunk, and chunks are transcribed separately. Automatic:
    speech is packed into windows of up to 30 s, and pauses of 2 s and more are cut out."""


@dataclass(frozen=True, slots=True)
class TokenScore:
    """A text token and its log probability."""

    text: bytes
    """The token's part of the text, in UTF-8. A character may be divided between tokens."""
    log_probability: float
    """Natural logarithm of its probability, given the audio and the tokens before it."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next part of a transcript's text while it is being made."""

    text: str
    """The parts of a recording, joined, are its transcript's text."""
    token_scores: tuple[TokenScore, ...]
    """Empty unless the request asks for token scores."""


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """A recording and how to transcribe it."""

    samples: npt.NDArray[np.float32]
    """Shape (n,), mono, 16 kHz, within [-1, 1]."""
    language: str | None = None
    """Whisper's code of the language spoken, such as "en"; None to detect it."""
    task: SpeechTask = "transcribe"
    """"transcribe" keeps the language, "translate" translates into English."""
    word_timestamps: bool = False
    """Whether the transcript contains the words with their times."""
    candidate_languages: tuple[str, ...] = ()
    """Codes of the languages that detection may return; empty for all."""
    main_language: str | None = None
    """Code of the language before this part of a recording: detection must be surer to return
    another one."""
    prompt: str = ""
    """Text that could precede the recording: it biases spelling and style. Whisper reads its
    last tokens, up to `whisper.MAX_PROMPT_TOKENS` minus the keywords' tokens."""
    keywords: tuple[str, ...] = ()
    """Words and names that are likely to occur."""
    temperature: float = 0.0
    """0 decodes by beam search, the same way every time. Above 0, up to 1, tokens are sampled."""
    token_scores: bool = False
    """Whether the segments contain the log probabilities of their tokens."""
    voice_detection: VoiceDetection = field(default_factory=VoiceDetection)
    """Parameters of the voice activity detector."""
    short_context: bool = False
    """Whether Whisper encodes the speech and a short margin instead of 30 seconds. That takes a
    third of the time for the turns of live speech, for which it is made. If no word is understood,
    the 30 seconds are encoded after all."""
    preceding_seconds: float = 0.0
    """With `short_context`: so much at the start precedes the turn and was transcribed before. It
    helps to understand the turn; its words are left out, and times count from its end."""
    draft: bool = False
    """With `short_context`: whether a draft is enough, of up to 30 s: only the text, without times,
    retries, alignment or beam search."""
    on_text: Callable[[TextDelta], None] | None = None
    """Called with each part of the text as soon as it is final, in the thread that computes."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and its time in the recording."""

    text: str
    """The word with its punctuation, and with the space before it."""
    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    probability: float
    """Mean probability of its tokens, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Segment:
    """About a sentence of the transcript, with Whisper's statistics."""

    id: int
    """Index in the transcript, from 0."""
    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    text: str
    """The text, with the space before it."""
    average_log_probability: float
    """Mean natural logarithm of the tokens' probabilities in the segment's window."""
    no_speech_probability: float
    """Probability that the segment's window contains no speech, by Whisper, 0 to 1."""
    compression_ratio: float
    """Bytes of the window's text divided by its bytes compressed by zlib: high for repetition."""
    temperature: float
    """Temperature at which the tokens were sampled; 0 for beam search."""
    tokens: tuple[int, ...]
    """Whisper's token ids. Of a segment that was divided, the first part has them all."""
    words: tuple[SpokenWord, ...] | None
    """The words; None unless the request asks for them."""
    language: str | None = None
    """Whisper's code of the language spoken in it."""
    window_start: float = 0.0
    """Seconds from the start of the recording to the start of the segment's window."""
    token_scores: tuple[TokenScore, ...] = ()
    """The text tokens; empty unless the request asks for them."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A part of the recording."""

    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""


@dataclass(frozen=True, slots=True)
class LanguageSpan:
    """Consecutive segments in one language."""

    language: str
    """Whisper's code."""
    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of a recording."""

    text: str
    """The text; empty if there is no speech, or none that can be understood."""
    language: str | None
    """Whisper's code, requested or detected; None if there is no speech and none was requested."""
    language_probability: float
    """Probability of the detected language; 1 if it was requested, 0 for the fallback."""
    duration: float
    """Length of the recording in seconds, to the millisecond."""
    confidence: float
    """Mean token probability, segments weighted by their length, 0 to 1; 0 without speech."""
    no_speech: bool
    """Whether no voice was detected in the recording."""
    segments: tuple[Segment, ...]
    """The segments in order."""
    speech_seconds: float = 0.0
    """Seconds of speech within the segments, without pauses."""
    unclear: tuple[TimeSpan, ...] = ()
    """Parts with a voice, but without words that could be understood."""

    @property
    def languages(self) -> tuple[LanguageSpan, ...]:
        """The languages spoken, in order, each with the time from its first to its last segment."""
        spans = []
        for language, run in groupby(self.segments, key=lambda segment: segment.language):
            segments = list(run)
            if language is not None:
                spans.append(LanguageSpan(language, segments[0].start, segments[-1].end))
        return tuple(spans)
