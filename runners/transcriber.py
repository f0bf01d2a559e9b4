"""Speech to text: Whisper in CTranslate2, int8, through faster-whisper, behind a voice detector.

Whisper hears sentences in silence, in noise and in music. Three filters stand before that: the
Silero voice detector cuts out what is no speech, and where nothing is left Whisper is not asked;
Whisper's own checks drop a window that it calls silent and is unsure of; and a segment that is
still improbable or repeats itself after every retry is dropped as well.

https://arxiv.org/abs/2212.04356 (Whisper; section 4.5 is about these checks)
https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.transcribe import restore_speech_timestamps
from faster_whisper.vad import VadOptions, collect_chunks, get_speech_timestamps

from runners.base import WrongArithmeticError
from runners.cancellation import stop_if_cancelled
from samo.errors import InvalidRequest

SAMPLE_RATE: Final = 16_000
"""Samples a second that Whisper eats."""

Task = Literal["transcribe", "translate"]
TASKS: Final[tuple[Task, ...]] = ("transcribe", "translate")
"""What can be done with speech: write it down, or write it down in English."""

FALLBACK_LANGUAGE: Final = "en"
"""The language tried where nothing is heard for certain in the one that was detected."""

# Music trips the detector for a few hundredths of a second; the shortest "yes" takes longer.
_VAD: Final = VadOptions(min_speech_duration_ms=100)

_BEAM_SIZE: Final = 5
# A retry samples; more than these two rarely helped and each costs a whole decoding.
_TEMPERATURES: Final = (0.0, 0.4, 0.8)
_MIN_LOG_PROBABILITY: Final = -1.0
_MAX_COMPRESSION_RATIO: Final = 2.4
_MAX_NO_SPEECH_PROBABILITY: Final = 0.6
# What Whisper calls silent must be heard this clearly to count.
_MIN_LOG_PROBABILITY_IN_SILENCE: Final = -0.5

# Ten milliseconds each.
WARM_UP_FRAMES: Final = 100
WARM_UP_TOKENS: Final = 8


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """One recording and what is to be done with it."""

    samples: npt.NDArray[np.float32]
    """Shape (n,), mono, 16 kHz, within [-1, 1]."""
    language: str | None = None
    """ISO 639 code of the language spoken, such as "en"; None to detect it."""
    task: Task = "transcribe"
    """"transcribe" keeps the language, "translate" answers in English."""
    word_timestamps: bool = False
    """Whether to align every word with the audio; costs time."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word and where it is heard."""

    text: str
    """The word with its punctuation, and with the space before it."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording."""
    probability: float
    """Mean probability of its tokens, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or so, with Whisper's figures on it."""

    id: int
    """Counts from 0."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording."""
    text: str
    """What was said, with the space before it."""
    average_log_probability: float
    """Mean natural logarithm of the tokens' probabilities in the segment's window."""
    no_speech_probability: float
    """How probable Whisper holds it that the segment's window has no speech, 0 to 1."""
    compression_ratio: float
    """Bytes of the window's text to its bytes compressed by zlib: above 2.4 it repeats itself."""
    temperature: float
    """0 where the first decoding was kept, above 0 after retries."""
    tokens: tuple[int, ...]
    """Whisper's token ids, timestamps included."""
    words: tuple[Word, ...] | None
    """The words, where they were asked for."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a recording."""

    text: str
    """The whole text; empty where there is no speech."""
    language: str | None
    """ISO 639 code, given or detected; None where there is no speech and none was given."""
    language_probability: float
    """How sure the detection is, 0 to 1; 1 where the language was given, 0 for a fallback."""
    duration: float
    """Length of the recording in seconds."""
    confidence: float
    """Mean token probability, segments weighted by their length, 0 to 1; 0 without speech."""
    no_speech: bool
    """Whether nobody speaks in the recording."""
    segments: tuple[Segment, ...]
    """The text in pieces, in order."""


class _Whisper(WhisperModel):  # type: ignore[misc]  # faster-whisper is untyped here
    """`WhisperModel` that does not encode the same window twice in a row.

    Language detection and decoding start with the same 30 seconds, and the encoder is most of the
    work on a short recording. What is kept is kept per thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last = threading.local()

    def encode(self, features: npt.NDArray[np.float32]) -> ctranslate2.StorageView:
        """Encode log-mel features of shape (80, frames), up to 3000 frames of 10 ms."""
        stop_if_cancelled()  # here because every window begins with it
        known = getattr(self._last, "features", None)
        if known is None or not np.array_equal(known, features):
            self._last.output = super().encode(features)
            self._last.features = features
        return self._last.output


class Transcriber:
    """Whisper behind the runners' verbs."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._languages: tuple[str, ...] = tuple(sorted(model.supported_languages))

    @classmethod
    def load(cls, folder: Path, *, threads: int, at_a_time: int = 1) -> Self:
        """Load the CTranslate2 Whisper in `folder`; it computes on `threads` threads.

        `predict` may be called `at_a_time` times at a time, with so many threads each; another
        call waits. The weights are there once.

        No file is fetched from anywhere: a folder without model.bin, config.json, tokenizer.json
        or vocabulary.txt fails with RuntimeError or ValueError.
        """
        return cls(
            _Whisper(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=threads,
                num_workers=at_a_time,
                local_files_only=True,
            )
        )

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
        get_speech_timestamps(noise, _VAD)
        features = self._model.feature_extractor(noise)[:, :WARM_UP_FRAMES]
        encoded = self._model.encode(features)
        languages = self._model.model.detect_language(encoded)[0]
        if not all(math.isfinite(probability) for _, probability in languages):
            raise WrongArithmeticError(
                "The transcriber computes no numbers on this CPU: export it with "
                "`export_models.py transcriber --precision fp32`."
            )
        start = self._model.hf_tokenizer.token_to_id("<|startoftranscript|>")
        self._model.model.generate(encoded, [[start]], max_length=WARM_UP_TOKENS)

    def _transcribe(self, request: TranscriptionRequest) -> Transcript:
        duration = len(request.samples) / SAMPLE_RATE
        chunks = get_speech_timestamps(request.samples, _VAD)
        if not chunks:
            return _no_speech(request, duration)
        speech = np.concatenate(collect_chunks(request.samples, chunks)[0])
        language, probability = request.language, 1.0
        if language is None:
            language, probability = self._detect_language(speech)
        segments = self._segments(speech, chunks, request, language)
        guessed = language not in (request.language, FALLBACK_LANGUAGE)
        if guessed and not any(segment.temperature == 0 for segment in segments):
            # Mumbled English was taken for Latin, and makes sense as Latin by luck at most.
            english = self._segments(speech, chunks, request, FALLBACK_LANGUAGE)
            certain = any(segment.temperature == 0 for segment in english)
            if certain or _confidence(english) > _confidence(segments):
                segments, language, probability = english, FALLBACK_LANGUAGE, 0.0
        if not segments:
            return _no_speech(request, duration)
        return Transcript(
            text="".join(segment.text for segment in segments).strip(),
            language=language,
            language_probability=probability,
            duration=duration,
            confidence=_confidence(segments),
            no_speech=False,
            segments=segments,
        )

    def _segments(
        self,
        speech: npt.NDArray[np.float32],
        chunks: list[dict[str, int]],
        request: TranscriptionRequest,
        language: str,
    ) -> tuple[Segment, ...]:
        """Transcribe `speech`, which was cut out at `chunks`, and keep what is plausible."""
        # Retries sample; the same recording shall give the same transcript all the same.
        ctranslate2.set_random_seed(0)
        found, _ = self._model.transcribe(
            speech,
            language=language,
            task=request.task,
            word_timestamps=request.word_timestamps,
            beam_size=_BEAM_SIZE,
            temperature=_TEMPERATURES,
            log_prob_threshold=_MIN_LOG_PROBABILITY,
            compression_ratio_threshold=_MAX_COMPRESSION_RATIO,
            no_speech_threshold=_MAX_NO_SPEECH_PROBABILITY,
            # With the text before as a prompt, one bad window spoils all that follow.
            condition_on_previous_text=False,
        )
        return tuple(
            _segment(number, segment)
            for number, segment in enumerate(
                filter(_is_plausible, restore_speech_timestamps(found, chunks, SAMPLE_RATE))
            )
        )

    def _detect_language(self, speech: npt.NDArray[np.float32]) -> tuple[str, float]:
        """Return the language of the first 30 seconds and its probability."""
        if not self._model.model.is_multilingual:
            return "en", 1.0
        extractor = self._model.feature_extractor
        # Without the last frame, which is padding: just what decoding encodes first.
        features = extractor(speech[: extractor.n_samples])[:, :-1]
        encoded = self._model.encode(pad_or_trim(features))
        token, probability = self._model.model.detect_language(encoded)[0][0]
        return token.removeprefix("<|").removesuffix("|>"), float(probability)


def _is_plausible(segment: Any) -> bool:
    """Whether what is left after every retry may pass as something that was said."""
    silent = segment.no_speech_prob > _MAX_NO_SPEECH_PROBABILITY
    least = _MIN_LOG_PROBABILITY_IN_SILENCE if silent else _MIN_LOG_PROBABILITY
    return bool(
        segment.avg_logprob >= least and segment.compression_ratio <= _MAX_COMPRESSION_RATIO
    )


def _segment(number: int, segment: Any) -> Segment:
    return Segment(
        id=number,
        start=float(segment.start),
        end=float(segment.end),
        text=segment.text,
        average_log_probability=float(segment.avg_logprob),
        no_speech_probability=float(segment.no_speech_prob),
        compression_ratio=float(segment.compression_ratio),
        temperature=float(segment.temperature),
        tokens=tuple(segment.tokens),
        words=None
        if segment.words is None
        else tuple(
            Word(word.word, float(word.start), float(word.end), float(word.probability))
            for word in segment.words
        ),
    )


def _confidence(segments: Sequence[Segment]) -> float:
    if not segments:
        return 0.0
    lengths = np.array([segment.end - segment.start for segment in segments])
    probabilities = np.exp([segment.average_log_probability for segment in segments])
    if not lengths.sum() > 0:
        return float(probabilities.mean())
    return float(np.average(probabilities, weights=lengths))


def _no_speech(request: TranscriptionRequest, duration: float) -> Transcript:
    return Transcript(
        text="",
        language=request.language,
        language_probability=0.0 if request.language is None else 1.0,
        duration=duration,
        confidence=0.0,
        no_speech=True,
        segments=(),
    )
