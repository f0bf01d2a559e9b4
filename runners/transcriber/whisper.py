"""Whisper on one clip: its language, and its text with the evidence for it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Self

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim

from runners.cancellation import stop_if_cancelled
from runners.transcriber.decoded_window import DecodedWindow, decoded_window
from runners.transcriber.plausibility import (
    MAX_COMPRESSION_RATIO,
    MIN_LOG_PROBABILITY,
    repeats_itself,
)
from runners.transcriber.tokens import ScoredTokens, token_bytes
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    TokenScore,
    TranscriptionRequest,
)
from runners.transcriber.voice_activity import Clip, Samples

_BEAM_SIZE: Final = 5
# A draft is made every second, and a beam of 5 takes a quarter more.
_DRAFT_BEAM_SIZE: Final = 1
# With a short context: padding after the speech, and the least length, without which Whisper drops
# or repeats words. Measured on LibriSpeech: shorter ones cost up to three points of WER.
_MARGIN_FRAMES: Final = 200
_MIN_CONTEXT_FRAMES: Final = 800
_LENGTH_STEP_FRAMES: Final = 50
# Nobody speaks more tokens; a loop would, and live speech cannot wait for its end.
_MAX_TOKENS_PER_SECOND: Final = 12
_MAX_TIME_TOKENS: Final = 8
# Whisper's encoder halves the frames, so a single frame of 10 ms cannot be aligned.
_MIN_ALIGNED_FRAMES: Final = 2

MAX_PROMPT_TOKENS: Final = 223
"""Tokens of prompt and keywords together: half of Whisper's context, the other half is output."""
MAX_KEYWORD_TOKENS: Final = 150
"""Tokens of the keywords; the rest is kept for the prompt."""


class _NextWindowError(Exception):
    """Whisper would decode a second window."""


class Whisper(WhisperModel):  # type: ignore[misc]  # faster-whisper is untyped here
    """`WhisperModel` with token scores, and without encoding a window twice.

    Language detection and decoding start with the same 30 seconds, and the encoder is most of the
    work for a short recording. Its last output is kept per thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._thread = threading.local()

    @classmethod
    def load(cls, folder: Path, *, threads: int, num_workers: int) -> Self:
        """Load the CTranslate2 Whisper in `folder`; nothing is downloaded."""
        return cls(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=threads,
            num_workers=num_workers,
            local_files_only=True,
        )

    def encode(self, features: npt.NDArray[np.float32]) -> ctranslate2.StorageView:
        """Encode log-mel features of shape (80, frames), up to 3000 frames of 10 ms."""
        stop_if_cancelled()  # every window starts with this call
        if getattr(self._thread, "is_last_window", False):
            raise _NextWindowError
        if getattr(self._thread, "short_context", False):
            features = _without_padding(features)
        known = getattr(self._thread, "features", None)
        if known is None or not np.array_equal(known, features):
            self._thread.output = super().encode(features)
            self._thread.features = features
        return self._thread.output

    def most_likely_language(
        self, samples: Samples, candidates: Collection[str] = ()
    ) -> tuple[str, float]:
        """Return the language of the first 30 seconds and its probability.

        With candidates, it is one of them, and the probability is relative to theirs.
        """
        if not self.model.is_multilingual:
            return "en", 1.0
        extractor = self.feature_extractor
        # Without the last frame, which is padding: decoding encodes the same features first.
        features = extractor(samples[: extractor.n_samples])[:, :-1]
        encoded = self.encode(pad_or_trim(features))
        probabilities = {
            token.removeprefix("<|").removesuffix("|>"): float(probability)
            for token, probability in self.model.detect_language(encoded)[0]
        }
        if candidates:
            total = sum(probabilities[code] for code in candidates)
            probabilities = {code: probabilities[code] / total for code in candidates}
        language = max(probabilities, key=lambda code: probabilities[code])
        return language, probabilities[language]

    def transcribe_clip(
        self,
        samples: Samples,
        clip: Clip,
        language: str,
        request: TranscriptionRequest,
        *,
        max_tokens: int | None = None,
    ) -> list[DecodedWindow]:
        """Transcribe `clip`, a part of the recording `samples`, as `request` asks for.

        At temperature 0 there is no fallback to higher temperatures: these sample, and
        CTranslate2's random numbers continue from call to call, so that the same recording would
        get another transcript each time.
        """
        if max_tokens is None and request.short_context:
            max_tokens = _most_tokens(len(clip) / SAMPLE_RATE)
        self._thread.scores_tokens = request.token_scores
        found, _ = self.transcribe(
            clip.cut(samples),
            language=language,
            task=request.task,
            word_timestamps=True,
            beam_size=_BEAM_SIZE,
            temperature=[request.temperature],
            max_new_tokens=max_tokens,
            initial_prompt=self._prompt_tokens(request) or None,
            hotwords=join_keywords(request.keywords) or None,
            log_prob_threshold=MIN_LOG_PROBABILITY,
            compression_ratio_threshold=MAX_COMPRESSION_RATIO,
            no_speech_threshold=None,
            # With the previous text as a prompt, one bad window spoils all windows after it.
            condition_on_previous_text=False,
        )
        if request.preceding_seconds:
            found = self._first_window(found)
        return [
            decoded_window(list(window), clip, language, self.frames_per_second)
            for _, window in groupby(found, key=lambda segment: segment.seek)
        ]

    def _first_window(self, found: Iterator[Any]) -> Iterator[Any]:
        """The segments of the first window.

        Where Whisper stops at the end of the preceding audio, it would read the few words after it
        as a window of their own, and loop. They are transcribed alone instead.
        """
        try:
            for segment in found:
                self._thread.is_last_window = True
                yield segment
        except _NextWindowError:
            return
        finally:
            self._thread.is_last_window = False

    @contextmanager
    def short_context(self) -> Iterator[None]:
        """While this block runs in this thread, padding beyond a short margin is not encoded.

        Whisper was trained on 30 s, but its encoder takes any length. Its time grows faster than
        the length.
        """
        self._thread.short_context = True
        try:
            yield
        finally:
            self._thread.short_context = False

    def draft(self, samples: Samples, request: TranscriptionRequest) -> tuple[str, str]:
        """The language and the text of up to 30 s, without times.

        The text is empty if Whisper is not sure of it.
        """
        language = request.language
        if language is None:
            language, _ = self.most_likely_language(samples, request.candidate_languages)
        found, _ = self.transcribe(
            samples,
            language=language,
            beam_size=_DRAFT_BEAM_SIZE,
            temperature=[0.0],
            without_timestamps=True,
            initial_prompt=self._prompt_tokens(request) or None,
            hotwords=join_keywords(request.keywords) or None,
            max_new_tokens=_most_tokens(len(samples) / SAMPLE_RATE),
            no_speech_threshold=None,
            condition_on_previous_text=False,
        )
        window = next(iter(found), None)  # the first 30 s
        if (
            window is None
            or window.avg_logprob < MIN_LOG_PROBABILITY
            or window.compression_ratio > MAX_COMPRESSION_RATIO
            or repeats_itself(window.text)
        ):
            return language, ""
        return language, window.text.strip()

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text within a prompt."""
        return len(self._encode(text))

    def _encode(self, text: str) -> list[int]:
        plain = " " + _without_special_tokens(text)
        return list(self.hf_tokenizer.encode(plain, add_special_tokens=False).ids)

    def _prompt_tokens(self, request: TranscriptionRequest) -> list[int]:
        """The last tokens of the prompt, as many as fit next to the keywords."""
        if not request.prompt.strip():
            return []
        keywords = join_keywords(request.keywords)
        room = MAX_PROMPT_TOKENS - (self.count_tokens(keywords) if keywords else 0)
        return self._encode(request.prompt.strip())[-room:]

    def add_word_timestamps(
        self, segments: list[Any], tokenizer: Any, encoder_output: Any, num_frames: int, *args: Any,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Align the words of a window, and score its tokens if the request asks for it.

        The text of a last window of 10 ms is dropped; faster-whisper fails to align it.
        """
        if num_frames < _MIN_ALIGNED_FRAMES:
            for segment in segments[0]:
                segment["tokens"], segment["words"] = [], []
            return None
        if self._thread.scores_tokens:
            self._score_tokens(segments[0], tokenizer, encoder_output, num_frames)
        return super().add_word_timestamps(
            segments, tokenizer, encoder_output, num_frames, *args, **kwargs
        )

    def _score_tokens(
        self, segments: list[dict[str, Any]], tokenizer: Any, encoder_output: Any, num_frames: int
    ) -> None:
        """Attach log probabilities to the tokens, which faster-whisper returns as they are."""
        text_tokens = [[t for t in s["tokens"] if t < tokenizer.eot] for s in segments]
        joined = [token for tokens in text_tokens for token in tokens]
        if not joined:
            return
        (aligned,) = self.model.align(
            encoder_output, tokenizer.sot_sequence, [joined], num_frames, median_filter_width=7
        )
        probabilities = iter(aligned.text_token_probs)
        for segment, tokens in zip(segments, text_tokens, strict=True):
            segment["tokens"] = ScoredTokens(
                segment["tokens"],
                tuple(
                    TokenScore(
                        token_bytes(self.hf_tokenizer.id_to_token(token)),
                        float(np.log(max(next(probabilities), np.finfo(np.float32).tiny))),
                    )
                    for token in tokens
                ),
            )


def _without_padding(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Features without the zeros at their end, except for a margin."""
    used = np.flatnonzero(features.any(axis=0))
    frames = max((int(used[-1]) + 1 if len(used) else 0) + _MARGIN_FRAMES, _MIN_CONTEXT_FRAMES)
    # few different lengths, so that memory is reused
    frames += -frames % _LENGTH_STEP_FRAMES
    return np.ascontiguousarray(features[:, :frames])


def _most_tokens(seconds: float) -> int:
    return int(_MAX_TOKENS_PER_SECOND * seconds) + _MAX_TIME_TOKENS


def join_keywords(keywords: Sequence[str]) -> str:
    """The keywords as Whisper's prompt lists them."""
    return ", ".join(_without_special_tokens(keyword) for keyword in keywords)


def _without_special_tokens(text: str) -> str:
    """Break up what the tokenizer would read as a control token, such as `<|endoftext|>`."""
    return text.replace("<|", "< |")
