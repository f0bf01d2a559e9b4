"""Speech to text: Whisper in CTranslate2, int8, through faster-whisper, behind a voice detector.

1. `voice` finds who speaks where, and cuts the speech into windows at pauses.
2. Whisper writes each window down once and aligns the words with the sound.
3. `plausibility` drops what was not said: Whisper hears sentences in noise and in music.
4. Speech that no word was kept for is heard once more, in shorter pieces, each in its own language:
   Whisper leaves out repeats and the shorter one of two languages.
5. `times` leads the times back to the recording.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from runners.base import GoldenMismatchError
from runners.errors import InvalidRequest
from runners.transcriber.listening import Listening, confidence
from runners.transcriber.times import (
    begin_with_speech,
    seconds_of,
    settle,
    settle_segments,
    spoken_seconds,
)
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    TASKS,
    LanguageSpan,
    Segment,
    Span,
    Task,
    Transcript,
    TranscriptionRequest,
    Word,
)
from runners.transcriber.voice import amplify, detect_voice
from runners.transcriber.whisper import Whisper

__all__ = [
    "SAMPLE_RATE",
    "TASKS",
    "LanguageSpan",
    "Segment",
    "Span",
    "Task",
    "Transcriber",
    "Transcript",
    "TranscriptionRequest",
    "Word",
]

# Ten milliseconds each.
WARM_UP_FRAMES: Final = 100
WARM_UP_TOKENS: Final = 8


class Transcriber:
    """Whisper behind the runners' verbs."""

    def __init__(self, model: Whisper) -> None:
        self._model = model
        self._languages: tuple[str, ...] = tuple(sorted(model.supported_languages))

    @classmethod
    def load(cls, folder: Path, *, threads: int, at_a_time: int = 1) -> Self:
        """Load the CTranslate2 Whisper in `folder`; it computes on `threads` threads.

        Up to `at_a_time` concurrent calls of `predict` share one copy of the weights, with
        `threads` threads each; another call waits.

        No file is fetched from anywhere: a folder without model.bin, config.json, tokenizer.json
        or vocabulary.txt fails with RuntimeError or ValueError.
        """
        return cls(Whisper.load(folder, threads=threads, num_workers=at_a_time))

    def prepare(self, item: TranscriptionRequest) -> TranscriptionRequest:
        """Check a request; the audio itself needs no preparing.

        Raises:
            InvalidRequest: The language or task is none that Whisper knows, or there is no audio.

        """
        if item.language is not None and item.language not in self._languages:
            raise InvalidRequest(
                "language: this one is not transcribed here; give one of"
                f" {', '.join(self._languages)}, or none to detect it.",
                field="language",
                valid=list(self._languages),
            )
        if item.task not in TASKS:
            raise InvalidRequest(
                f"{item.task!r} is no task: give one of {', '.join(TASKS)}.",
                field="task",
                valid=list(TASKS),
            )
        if item.samples.ndim != 1 or not len(item.samples):
            raise InvalidRequest("The recording is empty.", field="samples")
        return item

    def cost(self, prepared: TranscriptionRequest) -> int:
        """Length in log-mel frames of 10 ms."""
        return math.ceil(len(prepared.samples) * 100 / SAMPLE_RATE)

    def predict(self, batch: Sequence[TranscriptionRequest]) -> list[Transcript]:
        """Transcribe recordings one after another: one alone keeps every thread busy."""
        return [self._transcribe(request) for request in batch]

    def warm_up(self) -> None:
        """Run noise through voice detector, encoder and decoder.

        A second of it: a whole window, as every recording gets, would be most of the start.
        """
        noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
        detect_voice(noise)
        features = self._model.feature_extractor(noise)[:, :WARM_UP_FRAMES]
        encoded = self._model.encode(features)
        languages = self._model.model.detect_language(encoded)[0]
        if not all(math.isfinite(probability) for _, probability in languages):
            raise GoldenMismatchError(
                "The transcriber computes no numbers on this CPU: export it with "
                "`export_models.py transcriber --precision fp32`."
            )
        start = self._model.hf_tokenizer.token_to_id("<|startoftranscript|>")
        self._model.model.generate(encoded, [[start]], max_length=WARM_UP_TOKENS)

    def _transcribe(self, request: TranscriptionRequest) -> Transcript:
        duration = seconds_of(len(request.samples))
        samples = amplify(request.samples)
        voice = detect_voice(samples)
        listening = Listening(self._model, samples, voice, request.language, request.task)
        segments = settle_segments(begin_with_speech(listening.segments(), voice.speech), duration)
        unclear = tuple(Span(*span) for span in settle(listening.unclear(segments), duration))
        if not segments:
            return Transcript(
                text="",
                language=request.language,
                language_probability=0.0 if request.language is None else 1.0,
                duration=duration,
                confidence=0.0,
                # A voice that nobody can understand is still a voice.
                no_speech=not (voice.speech.any() and voice.is_sure),
                segments=(),
                unclear=unclear,
            )
        language, probability = listening.main_language(segments)
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
            speech_seconds=spoken_seconds(segments),
            unclear=unclear,
        )
