"""Transcribes a recording window by window, and again in pieces where a window is not enough.

Speech without words is transcribed again in shorter pieces, and only a piece that yields words is
divided once more, so the number of retries is bounded. A window whose text repeats itself is
transcribed in pieces too, because Whisper miscounts repetitions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from runners.transcriber.language_detection import MIN_CHANGE_PROBABILITY, LanguageDetection
from runners.transcriber.plausibility import (
    MAX_COMPRESSION_RATIO,
    MIN_LOG_PROBABILITY,
    Evidence,
    frame_range,
    is_plausible,
    is_plausible_unvoiced,
    is_prompt_echo,
)
from runners.transcriber.regions import (
    clip_of,
    most_likely_window,
    speech_windows,
    split_at_pauses,
)
from runners.transcriber.transcript import SAMPLE_RATE, Segment, TextDelta, TranscriptionRequest
from runners.transcriber.voice_activity import (
    FRAME_SAMPLES,
    FRAMES_PER_SECOND,
    WINDOW_SECONDS,
    Clip,
    FrameRange,
    Region,
    Samples,
    VoiceActivity,
    active_part,
    fill_gaps,
    true_runs,
)
from runners.transcriber.whisper import Whisper

FALLBACK_LANGUAGE: Final = "en"
"""Tried if the detected language is uncertain and the text in it, too."""

_MIN_CONFIDENCE: Final = 0.6

# Lengths of the pieces of the first and the second retry.
_PIECE_SECONDS: Final = (10.0, 2.5)
# Length of the pieces of a window that repeats itself. In pieces of 10 s Whisper counts right, too,
# but often writes no full stops between the repetitions.
_REPETITION_SECONDS: Final = 5.0
# Precision of the alignment: shorter gaps between words contain no further words.
_WORD_MARGIN_SECONDS: Final = 0.3
_MIN_MISSING_SECONDS: Final = 0.7
_MIN_SPAN_SECONDS: Final = 0.25
# Foreign words, transcribed in the language of the rest, make sense by chance.
_MIN_LOG_PROBABILITY_OF_FOREIGN: Final = -0.8

# Speech has three to five tokens per second.
_MIN_TOKENS: Final = 20
_TOKENS_PER_SECOND: Final = 6
# Enough to decide whether a window contains whispering.
_FIRST_LOOK_TOKENS: Final = 100


class TranscriptionSession:
    """The transcription of one recording."""

    def __init__(
        self,
        whisper: Whisper,
        samples: Samples,
        voice: VoiceActivity,
        request: TranscriptionRequest,
    ) -> None:
        self._whisper = whisper
        self._samples = samples
        self._voice = voice
        self._request = request
        self._prompt = " ".join((request.prompt, *request.keywords))
        self._languages = LanguageDetection(whisper, samples, voice, request)
        self._text = ""
        self._reported_characters = 0

    def segments(self) -> list[Segment]:
        """Transcribe the recording; segments in order."""
        if not self._voice.is_certain and self._request.voice_detection.threshold is None:
            whispered = self._transcribe_whisper()
            if whispered:
                self._report(whispered)
                return whispered
        found: list[Segment] = []
        for window in speech_windows(self._voice):
            segments = self._transcribe_window(window)
            segments.sort(key=lambda segment: segment.start)
            self._report(segments)
            found += segments
        return found

    def main_language(self, segments: Sequence[Segment]) -> tuple[str | None, float]:
        """The language of most of the speech, and the probability of its detection."""
        return self._languages.main_language(segments)

    def unclear(self, segments: Sequence[Segment]) -> list[tuple[float, float]]:
        """Spans of seconds with certain speech, but without words."""
        everything = Region(tuple(true_runs(self._voice.speech)), (0, len(self._voice.speech)))
        return [
            (
                missing.spans[0][0] * FRAME_SAMPLES / SAMPLE_RATE,
                missing.spans[-1][1] * FRAME_SAMPLES / SAMPLE_RATE,
            )
            for missing in self._untranscribed_speech(everything, segments)
        ]

    def _report(self, segments: Sequence[Segment]) -> None:
        """Report the text so far, without the space at its start and end."""
        if self._request.on_text is None or not segments:
            return
        self._text += "".join(segment.text for segment in segments)
        text = self._text.strip()
        scores = tuple(score for segment in segments for score in segment.token_scores)
        self._request.on_text(TextDelta(text[self._reported_characters :], scores))
        self._reported_characters = len(text)

    def _transcribe_window(self, window: Region) -> list[Segment]:
        """Transcribe speech of up to 30 seconds, in one language or in several."""
        if self._request.language is not None:
            return self._transcribe_speech(window, self._request.language)
        parts, probability = self._languages.divide(window)
        found = [
            segment
            for language, part in parts
            for segment in self._transcribe_speech(part, language)
        ]
        if len(parts) > 1:
            return found
        ((language, _),) = parts
        uncertain = probability < MIN_CHANGE_PROBABILITY and confidence(found) < _MIN_CONFIDENCE
        if (
            language != FALLBACK_LANGUAGE
            and self._languages.allows(FALLBACK_LANGUAGE)
            and self._voice.is_certain
            and (uncertain or not found)
        ):
            # Mumbled English may be detected as Latin, and makes sense as Latin only by chance.
            english = self._transcribe_speech(window, FALLBACK_LANGUAGE)
            if confidence(english) > confidence(found):
                self._languages.probabilities.setdefault(FALLBACK_LANGUAGE, 0.0)
                return english
        return found

    def _clip(self, region: Region) -> Clip:
        return clip_of(region, self._voice, len(self._samples))

    def _transcribe_speech(self, window: Region, language: str) -> list[Segment]:
        """Transcribe a window; repeat parts that have speech but no words in pieces.

        Without a certain voice there is no retry: a second attempt would invent words. With
        preceding audio there is none either: the caller transcribes the turn alone.
        """
        found = self._transcribe_region(window, language)
        if not self._voice.is_certain or self._request.preceding_seconds:
            return found
        if any(segment.compression_ratio > MAX_COMPRESSION_RATIO for segment in found):
            found = self._transcribe_repetition(window, language) or found
        missing = self._untranscribed_speech(window, found) if found else [window]
        for seconds in _PIECE_SECONDS:
            still_missing = []
            for piece in (p for m in missing for p in split_at_pauses(m, self._voice, seconds)):
                if piece.spans == window.spans:
                    continue  # the same audio would give the same text
                segments = self._transcribe_piece(piece, language)
                found += segments
                if segments:
                    still_missing += self._untranscribed_speech(piece, segments)
            missing = still_missing
        return found

    def _transcribe_repetition(self, window: Region, language: str) -> list[Segment]:
        """Transcribe a window in pieces with so few repetitions that Whisper counts them right."""
        pieces = split_at_pauses(window, self._voice, _REPETITION_SECONDS)
        if len(pieces) == 1:
            return []
        return [segment for piece in pieces for segment in self._transcribe_region(piece, language)]

    def _transcribe_piece(self, piece: Region, language: str) -> list[Segment]:
        """Transcribe a piece of a window in its own language; `language` is the window's."""
        if self._request.language is not None:
            return self._transcribe_region(piece, language)
        certain = self._languages.certain_language(piece)
        alike = certain or self._languages.detect(piece)[0] == language
        minimum = MIN_LOG_PROBABILITY if alike else _MIN_LOG_PROBABILITY_OF_FOREIGN
        return self._transcribe_region(piece, certain or language, minimum)

    def _transcribe_region(
        self, region: Region, language: str, min_log_probability: float = MIN_LOG_PROBABILITY
    ) -> list[Segment]:
        """Transcribe a region once, and keep the plausible text."""
        max_tokens = None if self._voice.is_certain else _max_tokens(self._clip(region))

        def is_kept(evidence: Evidence) -> bool:
            return (
                is_plausible(evidence, self._voice)
                and not is_prompt_echo(evidence, self._prompt)
                and evidence.average_log_probability >= min_log_probability
            )

        return self._decode(region, language, max_tokens, is_kept)

    def _decode(
        self,
        region: Region,
        language: str,
        max_tokens: int | None,
        is_kept: Callable[[Evidence], bool],
    ) -> list[Segment]:
        """Transcribe a region; the segments of the windows that are kept.

        A prompt makes hallucinations more probable. So without a certain voice, there must be
        plausible text without the prompt, too.
        """
        requests = [self._request]
        if self._prompt.strip() and not self._voice.is_certain:
            requests.insert(0, replace(self._request, prompt="", keywords=()))
        segments: list[Segment] = []
        for request in requests:
            decoded = self._whisper.transcribe_clip(
                self._samples, self._clip(region), language, request, max_tokens=max_tokens
            )
            kept = [window for window in decoded if is_kept(window.evidence)]
            segments = [segment for window in kept for segment in window.segments]
            if not segments:
                return []
        return segments

    def _untranscribed_speech(self, region: Region, found: Sequence[Segment]) -> list[Region]:
        """The parts of a region with certain speech, but without words."""
        transcribed = np.zeros_like(self._voice.speech)
        for word in (word for segment in found for word in segment.words or ()):
            transcribed[slice(*frame_range(word))] = True
        speech = np.zeros_like(transcribed)
        for first, last in region.spans:
            speech[first:last] = True
        missing = []
        # There is at most one missing part between two words.
        for start, end in true_runs(~fill_gaps(transcribed, 2 * _WORD_MARGIN_SECONDS)):
            spans = tuple(
                (start + first, start + last)
                for first, last in true_runs(speech[start:end])
                if last - first >= _MIN_SPAN_SECONDS * FRAMES_PER_SECOND
            )
            frames = sum(last - first for first, last in spans)
            long_enough = frames >= _MIN_MISSING_SECONDS * FRAMES_PER_SECOND
            if long_enough and self._voice.is_certain_in((spans[0][0], spans[-1][1])):
                bounds = (max(start, region.bounds[0]), min(end, region.bounds[1]))
                missing.append(Region(spans, bounds))
        return missing

    def _transcribe_whisper(self) -> list[Segment]:
        """Transcribe speech that the detector does not find, such as whispering.

        Half a minute decides whether the rest is transcribed, to limit the cost of noise and music.
        """
        part = active_part(self._samples)
        if part is None:
            return []
        first_look = _region(most_likely_window(self._voice, part))
        language, probability = self._request.language, 1.0
        if language is None:
            language, probability = self._languages.detect(first_look)
        if not self._transcribe_unvoiced(first_look, language, _FIRST_LOOK_TOKENS):
            return []
        self._languages.probabilities.setdefault(language, probability)
        return self._transcribe_unvoiced(_region(part), language, None)

    def _transcribe_unvoiced(
        self, region: Region, language: str, max_tokens: int | None
    ) -> list[Segment]:
        return self._decode(region, language, max_tokens, is_plausible_unvoiced)


def _region(part: FrameRange) -> Region:
    return Region((part,), part)


def _max_tokens(clip: Clip) -> int:
    """More tokens than anybody speaks in the time; a hallucinated loop would be much longer."""
    seconds = min(len(clip) / SAMPLE_RATE, WINDOW_SECONDS)
    return int(_MIN_TOKENS + _TOKENS_PER_SECOND * seconds)


def confidence(segments: Sequence[Segment]) -> float:
    """Mean probability of the tokens, segments weighted by their length; 0 for none."""
    if not segments:
        return 0.0
    lengths = np.array([segment.end - segment.start for segment in segments])
    probabilities = np.exp([segment.average_log_probability for segment in segments])
    if not lengths.sum() > 0:
        return float(probabilities.mean())
    return float(np.average(probabilities, weights=lengths))
