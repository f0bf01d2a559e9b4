"""Runners without weights, whose output is obvious from the input. Most HTTP tests use them.

The fake classifier predicts the emotions that a text names, the fake summarizer returns the first
sentences, and the fake transcriber returns a sentence with the length of the recording. A text with
the word "crash" makes the model fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np

from runners.base import ParallelRunner, Runner
from runners.cancellation import stop_if_cancelled
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import ClassifierInput, OccludedText, TextWithWords
from runners.emotion.prediction import NEUTRAL, OTHER_PERSON, PAST, SENTIMENT_OF, WISHED
from runners.summarizer.summary import Summary, SummaryRequest
from runners.text.sentences import split_sentences
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    Segment,
    SpokenWord,
    TextDelta,
    TokenScore,
    Transcript,
    TranscriptionRequest,
)

# Recordings with smaller samples have no speech.
MAX_SILENCE_AMPLITUDE: Final = 1e-3
_CRASH_AFTER_WORDS: Final = 2


class FakeEmotionClassifier(ParallelRunner[ClassifierInput, str | TextWithWords, Probabilities]):
    """Gives named outputs a probability of 0.9, all others 0.01; neutral if no label is named.

    A word shows the label that it names.
    """

    def __init__(self) -> None:
        labels = tuple(SENTIMENT_OF)
        moods = ("happy", "sad", "tired")
        contexts = (OTHER_PERSON, PAST, WISHED)
        self.calibration = EmotionCalibration(
            labels,
            np.full(len(labels), 0.3, np.float32),
            moods=moods,
            mood_thresholds=np.full(len(moods), 0.3, np.float32),
            contexts=contexts,
            context_thresholds=np.full(len(contexts), 0.3, np.float32),
        )

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load nothing."""
        del folder, threads
        return cls()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return self.calibration.outputs

    def prepare(self, item: ClassifierInput) -> str | TextWithWords:
        """Return the text with an ellipsis instead of each hidden span."""
        if not isinstance(item, OccludedText):
            return item
        text = item.text
        for start, end in sorted(item.hidden, reverse=True):
            text = f"{text[:start]} … {text[end:]}"
        return text

    def cost(self, prepared: str | TextWithWords) -> int:
        """Number of words."""
        return len((prepared if isinstance(prepared, str) else prepared.text).split())

    def predict(self, batch: Sequence[str | TextWithWords]) -> list[Probabilities]:
        """Return the probabilities of each text."""
        return [
            self._classify(one) if isinstance(one, str) else self._reasons(one) for one in batch
        ]

    def predict_single_threaded(self, batch: Sequence[str | TextWithWords]) -> list[Probabilities]:
        """As `predict`."""
        return self.predict(batch)

    def _reasons(self, item: TextWithWords) -> Probabilities:
        words = [item.text[start:end].lower() for start, end in item.words]
        named = [[name == word for name in self.calibration.labels] for word in words]
        return np.where(named, 0.9, 0.01).astype(np.float32)

    def _classify(self, text: str) -> Probabilities:
        words = set(text.lower().replace(".", " ").replace("!", " ").split())
        _crash_on_request(words)
        named = np.asarray([name in words for name in self.calibration.outputs])
        if not named[: len(self.calibration.labels)].any():
            named[self.calibration.labels.index(NEUTRAL)] = True
        return np.where(named, 0.9, 0.01).astype(np.float32)

    def warm_up(self) -> None:
        """Do nothing."""


class FakeSummarizer(Runner[SummaryRequest, SummaryRequest, Summary]):
    """Returns the first sentences."""

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load nothing."""
        del folder, threads
        return cls()

    def prepare(self, item: SummaryRequest) -> SummaryRequest:
        """Return the request."""
        return item

    def cost(self, prepared: SummaryRequest) -> int:
        """Number of words."""
        return len(prepared.text.split())

    def predict(self, batch: Sequence[SummaryRequest]) -> list[Summary]:
        """Return the first sentences of each entry."""
        return [self._summarize(request) for request in batch]

    def _summarize(self, request: SummaryRequest) -> Summary:
        _crash_on_request(set(request.text.lower().split()))
        sentences = request.sentences
        if sentences is None:
            sentences = tuple(sentence.text for sentence in split_sentences(request.text))
        sentences = sentences[: request.max_sentences]
        return Summary(
            " ".join(sentences),
            "extracted",
            tuple(range(len(sentences))),
        )

    def warm_up(self) -> None:
        """Do nothing."""


class FakeTranscriber(Runner[TranscriptionRequest, TranscriptionRequest, Transcript]):
    """Says how long a recording is, word by word; the transcript of silence is empty.

    It fails after the second word if the prompt contains "crash".
    """

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load nothing."""
        del folder, threads
        return cls()

    def prepare(self, item: TranscriptionRequest) -> TranscriptionRequest:
        """Return the request."""
        return item

    def cost(self, prepared: TranscriptionRequest) -> int:
        """Seconds of audio."""
        return len(prepared.samples) // SAMPLE_RATE

    def predict(self, batch: Sequence[TranscriptionRequest]) -> list[Transcript]:
        """Return the transcript of each recording."""
        return [self._transcribe(request) for request in batch]

    def _transcribe(self, request: TranscriptionRequest) -> Transcript:
        seconds = len(request.samples) / SAMPLE_RATE - request.preceding_seconds
        language = request.language or "en"
        if not len(request.samples) or float(np.abs(request.samples).max()) < MAX_SILENCE_AMPLITUDE:
            return Transcript("", request.language, 0.0, seconds, 0.0, no_speech=True, segments=())
        texts = [" I", " felt", " joy", " for", f" {seconds:.0f}", " seconds."]
        if request.draft:  # it grows with the recording
            text = "".join(texts[: min(4, int(2 * seconds))]).lstrip()
            return Transcript(text, language, 0.0, seconds, 0.0, no_speech=False, segments=())
        step = seconds / len(texts)
        words = tuple(
            SpokenWord(text, round(i * step, 2), round((i + 1) * step, 2), 1.0)
            for i, text in enumerate(texts)
        )
        scores = tuple(TokenScore(text.encode(), 0.0) for text in texts)
        if not request.token_scores:
            scores = ()
        for index, text in enumerate(texts):
            stop_if_cancelled()
            if index == _CRASH_AFTER_WORDS:
                _crash_on_request(set(request.prompt.split()))
            if request.on_text is not None:
                delta = text if index else text.lstrip()
                request.on_text(TextDelta(delta, scores[index : index + 1]))
        segment = Segment(
            id=0, start=0.0, end=seconds, text="".join(texts), average_log_probability=0.0,
            no_speech_probability=0.0, compression_ratio=1.0, temperature=request.temperature,
            tokens=(), words=words if request.word_timestamps else None, language=language,
            token_scores=scores,
        )  # fmt: skip
        return Transcript(
            segment.text.strip(), language, 1.0, seconds, 1.0, no_speech=False,
            segments=(segment,), speech_seconds=seconds,
        )  # fmt: skip

    def warm_up(self) -> None:
        """Do nothing."""


def _crash_on_request(words: set[str]) -> None:
    if "crash" in words:
        raise RuntimeError("crashed on request")
