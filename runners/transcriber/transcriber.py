"""Speech to text: Whisper in CTranslate2, int8, through faster-whisper, with voice detection.

1. `voice_activity` finds the speech, and `regions` divides it into windows at pauses.
2. Whisper transcribes each window once and aligns the words with the audio.
3. `plausibility` drops text that was not spoken: Whisper hallucinates on noise and music.
4. Speech without words is transcribed again, in shorter pieces, each in its own language: Whisper
   skips repetition and the shorter one of two languages.
5. `timestamps` converts the times to times in the recording.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from runners.base import GoldenMismatchError, Runner
from runners.errors import InvalidRequest
from runners.transcriber.parts import PartRequest
from runners.transcriber.plausibility import repeats_itself
from runners.transcriber.preceding import without_preceding
from runners.transcriber.timestamps import (
    clamp_segments,
    clamp_spans,
    speech_seconds,
    to_seconds,
    trim_leading_pauses,
)
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    SPEECH_TASKS,
    LanguageSpan,
    Segment,
    SpeechTask,
    SpokenWord,
    TextDelta,
    TimeSpan,
    TokenScore,
    Transcript,
    TranscriptionRequest,
    VoiceDetection,
)
from runners.transcriber.voice_activity import amplify, detect_voice
from runners.transcriber.whisper import MAX_KEYWORD_TOKENS, Whisper, join_keywords
from runners.transcriber.windowing import TranscriptionSession, confidence

__all__ = [
    "SAMPLE_RATE",
    "SPEECH_TASKS",
    "LanguageSpan",
    "Segment",
    "SpeechTask",
    "SpokenWord",
    "TextDelta",
    "TimeSpan",
    "TokenScore",
    "Transcriber",
    "Transcript",
    "TranscriptionRequest",
    "VoiceDetection",
]

# Ten milliseconds each.
WARM_UP_FRAMES: Final = 100
WARM_UP_TOKENS: Final = 8


class Transcriber(Runner[TranscriptionRequest, TranscriptionRequest, Transcript]):
    """Whisper behind the runners' methods."""

    def __init__(self, model: Whisper) -> None:
        self._model = model
        self._languages: tuple[str, ...] = tuple(sorted(model.supported_languages))

    @classmethod
    def load(cls, folder: Path, *, threads: int, num_workers: int = 1) -> Self:
        """Load the CTranslate2 Whisper in `folder`.

        Up to `num_workers` concurrent calls of `predict` share one copy of the weights and
        compute on `threads` threads each; further calls wait.

        Nothing is downloaded: RuntimeError or ValueError if model.bin, config.json,
        tokenizer.json or vocabulary.txt is missing.
        """
        return cls(Whisper.load(folder, threads=threads, num_workers=num_workers))

    def prepare(self, item: TranscriptionRequest) -> TranscriptionRequest:
        """Check a request; the audio is used as it is.

        Raises:
            InvalidRequest: Whisper does not know the language or the task, the temperature is out
                of range, there are too many keywords, or there is no audio.

        """
        requested = [*item.candidate_languages, *([item.language] if item.language else [])]
        if any(language not in self._languages for language in requested):
            raise InvalidRequest(
                "language: this one is not transcribed here; use one of"
                f" {', '.join(self._languages)}, or none to detect it.",
                field="language",
                valid=list(self._languages),
            )
        if item.task not in SPEECH_TASKS:
            raise InvalidRequest(
                f"task: must be one of {', '.join(SPEECH_TASKS)}.",
                field="task",
                valid=list(SPEECH_TASKS),
            )
        if not 0 <= item.temperature <= 1:
            raise InvalidRequest("temperature: must be between 0 and 1.", field="temperature")
        if self._model.count_tokens(join_keywords(item.keywords)) > MAX_KEYWORD_TOKENS:
            raise InvalidRequest(
                f"keywords: these have more than {MAX_KEYWORD_TOKENS} tokens together; send fewer "
                "of them, the rarest first.",
                field="keywords",
            )
        if item.samples.ndim != 1 or not len(item.samples):
            raise InvalidRequest("The recording is empty.", field="samples")
        return item

    def cost(self, prepared: TranscriptionRequest) -> int:
        """Length in log-mel frames of 10 ms."""
        return math.ceil(len(prepared.samples) * 100 / SAMPLE_RATE)

    def predict(self, batch: Sequence[TranscriptionRequest]) -> list[Transcript]:
        """Transcribe recordings one after the other: a single one keeps every thread busy."""
        return [
            self._transcribe(request)
            if not request.short_context
            else self._transcribe_in_short_context(request)
            for request in batch
        ]

    def warm_up(self) -> None:
        """Run noise through voice detector, encoder and decoder.

        One second of it: a full window, as every recording gets, would dominate the start-up time.
        """
        noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
        detect_voice(noise)
        features = self._model.feature_extractor(noise)[:, :WARM_UP_FRAMES]
        encoded = self._model.encode(features)
        languages = self._model.model.detect_language(encoded)[0]
        if not all(math.isfinite(probability) for _, probability in languages):
            raise GoldenMismatchError(
                "The transcriber computes NaN on this CPU: export it with "
                "`export_models.py transcriber --precision fp32`."
            )
        start = self._model.hf_tokenizer.token_to_id("<|startoftranscript|>")
        self._model.model.generate(encoded, [[start]], max_length=WARM_UP_TOKENS)

    def _transcribe_in_short_context(self, request: TranscriptionRequest) -> Transcript:
        """A draft or transcript; in the whole context if it is empty or repeats itself."""
        with self._model.short_context():
            if request.draft:
                return self._draft(request)
            if request.preceding_seconds:
                found = without_preceding(self._transcribe(request), request.preceding_seconds)
                if found.text and not found.unclear and not repeats_itself(found.text):
                    return found
                request = _alone(request)
            transcript = self._transcribe(request)
        is_empty = not transcript.text and not transcript.no_speech
        if not is_empty and not repeats_itself(transcript.text):
            return transcript
        return self._transcribe(request)

    def _draft(self, request: TranscriptionRequest) -> Transcript:
        samples = amplify(request.samples)
        language, text = self._model.draft(samples, request)
        return Transcript(
            text=text,
            language=language,
            language_probability=0.0,
            duration=to_seconds(len(samples)),
            confidence=0.0,
            no_speech=not text,
            segments=(),
        )

    def _transcribe(self, request: TranscriptionRequest) -> Transcript:
        duration = to_seconds(len(request.samples))
        if isinstance(request, PartRequest):
            samples, voice = request.samples, request.voice
        else:
            samples = amplify(request.samples)
            voice = detect_voice(samples, request.voice_detection)
        session = TranscriptionSession(self._model, samples, voice, request)
        found = session.segments()
        segments = clamp_segments(trim_leading_pauses(found, voice.speech), duration)
        unclear = tuple(
            TimeSpan(*span) for span in clamp_spans(session.unclear(segments), duration)
        )
        if not segments:
            return Transcript(
                text="",
                language=request.language,
                language_probability=0.0 if request.language is None else 1.0,
                duration=duration,
                confidence=0.0,
                # A voice that is not understood is still a voice.
                no_speech=not (voice.speech.any() and voice.is_certain),
                segments=(),
                unclear=unclear,
            )
        language, probability = session.main_language(segments)
        return Transcript(
            text="".join(segment.text for segment in segments).strip(),
            language=language,
            language_probability=probability,
            duration=duration,
            confidence=confidence(segments),
            no_speech=False,
            segments=segments
            if request.word_timestamps
            else tuple(replace(segment, words=None) for segment in segments),
            speech_seconds=speech_seconds(segments),
            unclear=unclear,
        )


def _alone(request: TranscriptionRequest) -> TranscriptionRequest:
    """The request without the audio before the turn."""
    start = round(request.preceding_seconds * SAMPLE_RATE)
    return replace(request, samples=request.samples[start:], preceding_seconds=0.0)
