"""From an entry to its insight: transcribe, split, classify, aggregate, summarize.

Each step takes and returns plain dataclasses. A step that fails is named in `degraded`; what it
would have said stays empty, and nothing is invented in its place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from runners.batching import Batcher
from runners.cancellation import run_cancellable
from runners.emotion.calibration import (
    NEUTRAL,
    Context,
    EmotionCalibration,
    EmotionPrediction,
    EntryPrediction,
    Probabilities,
)
from runners.emotion.classifier import Occluded, TokenIds
from runners.errors import InvalidRequest, ModelFailure, Overloaded, SamoError
from runners.summarizer.summary import Focus, PreparedSummary, Summary, SummaryRequest
from runners.text.sentences import Sentence, split
from runners.transcriber.transcriber import Task, Transcript, TranscriptionRequest, Word
from samo import metrics
from samo.audio import Gap, assess_quality, decode
from samo.insight.explanation import (
    Explanation,
    entry_weights,
    explain,
    refuse_long,
    where_felt,
    words_to_explain,
)
from samo.insight.explanation import Word as ExplainedWord
from samo.insight.groupings import Groupings, group
from samo.insight.reading import Reading, beside_loop, read_each, read_sentences, read_whole
from samo.limits import MAX_TEXT_CHARACTERS

# Texts of one request that wait for the classifier at a time.
MAX_WAITING_TEXTS = 512


@dataclass(frozen=True, slots=True)
class ArcPoint:
    """A sentence, when it was spoken (seconds, None for typed text), what it feels and whose."""

    sentence: Sentence
    start_seconds: float | None
    end_seconds: float | None
    reading: EmotionPrediction
    context: Context


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording's transcript with what was measured of its sound."""

    transcript: Transcript
    audio_quality: str
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class EmotionalCore:
    """A summary and what is felt in it, which should be what is felt in the entry."""

    summary: Summary
    reading: EmotionPrediction


@dataclass(slots=True)
class Insight:
    """Everything known about an entry; a part that could not be had is None or empty."""

    text: str = ""
    recording: Recording | None = None
    whole: EntryPrediction | None = None
    groupings: Groupings | None = None
    arc: list[ArcPoint] = field(default_factory=list)
    core: EmotionalCore | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)


class Pipeline:
    """The three models behind their batchers."""

    def __init__(
        self,
        transcriber: Batcher[TranscriptionRequest, TranscriptionRequest, Transcript],
        emotion: Batcher[str | Occluded, TokenIds, Probabilities],
        summarizer: Batcher[SummaryRequest, PreparedSummary, Summary],
        calibration: EmotionCalibration,
        decoding: Executor | None = None,
    ) -> None:
        """`decoding` has the threads that decode recordings; None takes asyncio's own."""
        self.decoding = decoding
        self.transcriber = transcriber
        self.emotion = emotion
        self.summarizer = summarizer
        self.calibration = calibration

    async def classify(self, texts: Sequence[str]) -> list[Probabilities | SamoError]:
        """Probabilities of shape (labels,) for each text, or its error; all in one batch."""
        entries = [reading.texts for reading in await read_each(read_whole, texts)]
        outcomes = iter(await self._feel([piece for entry in entries for piece in entry]))
        results: list[Probabilities | SamoError] = []
        for entry in entries:
            rows = [next(outcomes) for _ in entry]
            try:
                _refuse_markup_only(entry)
                values = [_value(row) for row in rows]
                results.append(await self._aggregate(entry, values))
            except SamoError as error:
                results.append(error)
        return results

    async def classify_each(self, texts: Sequence[object]) -> list[Probabilities | SamoError]:
        """As `classify`, for texts of a batch that were not validated yet."""
        checked = [_text_error(text) or text for text in texts]
        usable = [text for text in checked if isinstance(text, str)]
        outcomes = iter(await self.classify(usable) if usable else [])
        return [text if isinstance(text, SamoError) else next(outcomes) for text in checked]

    async def explain(
        self, text: str, threshold: float | None, top_k: int | None
    ) -> tuple[Probabilities, list[Explanation]]:
        """As `classify` for one text, with the words that carried each emotion decided for.

        Each word is hidden once, in the sentence that it stands in, all in one request to the
        batcher. Sentences that have too little of an emotion for any of their words to matter are
        passed over, and so is a text in which nothing but neutral is decided for. Raises
        `InvalidRequest` for a text that is too long to explain.
        """
        refuse_long(text)
        (reading,) = await read_each(read_whole, [text])
        pieces, texts = reading.pieces, reading.texts
        _refuse_markup_only(texts)
        words = words_to_explain(pieces)
        rows = [_value(outcome) for outcome in await self._feel(texts)]
        whole = await self._aggregate(texts, rows)
        emotions = [emotion.name for emotion in self.calibration.decide(whole, threshold, top_k)]
        lengths = [len(piece) for piece in texts]
        felt = where_felt(self.calibration, rows, lengths, emotions)
        places = [(index, word) for index, word in words if index in felt]
        variants = [Occluded(texts[index], ((word.start, word.end),)) for index, word in places]
        outcomes = await self.emotion.run(variants) if variants else []
        occluded = [(index, _value(row)) for (index, _), row in zip(places, outcomes, strict=True)]
        weights = entry_weights(self.calibration, rows, lengths, occluded)
        in_entry = [_in_entry(reading, word.moved(pieces[index].start)) for index, word in places]
        return whole, [
            explain(name, in_entry, weights[:, self.calibration.labels.index(name)])
            for name in emotions
        ]

    async def transcribe(
        self, data: bytes, *, language: str | None, task: Task, word_timestamps: bool
    ) -> Recording:
        """Decode an upload and transcribe it.

        Raises a `SamoError` for audio it cannot use, and `Overloaded` before anything is decoded.
        """
        self.transcriber.check_admission()
        audio = await run_cancellable(self.decoding, partial(decode, data))
        transcript = await self.transcriber.run_one(
            TranscriptionRequest(audio.samples, language, task, word_timestamps)
        )
        metrics.audio_seconds.inc(audio.duration)
        quality = await asyncio.to_thread(assess_quality, audio)
        return Recording(transcript, quality, audio.gaps)

    async def summarize(
        self, text: str, max_sentences: int, focus: Focus
    ) -> tuple[EmotionalCore, EmotionPrediction]:
        """The core of `text`, and the emotions of the whole of it."""
        (reading,) = await read_each(read_sentences, [text])
        _refuse_markup_only(reading.texts)
        whole, rows = await self._classify_entry(reading.texts)
        request = _summary_request(reading, max_sentences, self._salience(rows), focus)
        return await self._core(request, rows, None), self.calibration.interpret(whole)

    async def analyze(
        self,
        text: str,
        *,
        generate_summary: bool,
        threshold: float | None,
        recording: Recording | None = None,
        max_sentences: int = 2,
    ) -> Insight:
        """The insight of a typed entry, or of `recording` where `text` is its transcript."""
        insight = Insight(text=text, recording=recording)
        (reading,) = await read_each(read_sentences, [text])
        if not reading.pieces:
            return insight
        rows: list[Probabilities] = []
        with _step(insight, "emotion"):
            whole, rows = await self._classify_entry(reading.texts)
            insight.arc = await beside_loop(
                len(text), self._arc, text, reading.in_entry(), rows, recording, threshold
            )
            lengths = [len(one) for one in reading.texts]
            insight.whole = self.calibration.interpret_entry(whole, rows, lengths, threshold)
            insight.groupings = group(self.calibration, whole)
        if generate_summary:
            with _step(insight, "summary"):
                request = _summary_request(reading, max_sentences, self._salience(rows))
                insight.core = await self._core(request, rows, threshold)
        return insight

    def _arc(
        self,
        text: str,
        sentences: Sequence[Sentence],
        rows: Sequence[Probabilities],
        recording: Recording | None,
        threshold: float | None,
    ) -> list[ArcPoint]:
        """What each sentence feels, and when it was spoken."""
        spoken = _spoken(text, sentences, recording)
        return [
            ArcPoint(
                sentence,
                *times,
                self.calibration.interpret(row, threshold),
                self.calibration.decide_context(row),
            )
            for sentence, times, row in zip(sentences, spoken, rows, strict=True)
        ]

    async def _core(
        self,
        request: SummaryRequest,
        rows: Sequence[Probabilities],
        threshold: float | None,
    ) -> EmotionalCore:
        """Summarize an entry whose sentences were classified, and classify the summary."""
        summary = await self.summarizer.run_one(request)
        # what was taken over word for word has been classified already
        known = dict(zip(request.sentences or (), rows, strict=False))
        texts = [sentence.text for sentence in split(summary.text)]
        unknown = [text for text in texts if text not in known]
        outcomes = await self.emotion.run(unknown) if unknown else []
        known |= {text: _value(row) for text, row in zip(unknown, outcomes, strict=True)}
        whole = await self._aggregate(texts, [known[text] for text in texts])
        return EmotionalCore(summary, self.calibration.interpret(whole, threshold))

    async def analyze_recording(
        self,
        data: bytes,
        *,
        language: str | None,
        generate_summary: bool,
        threshold: float | None,
    ) -> Insight:
        """The insight of a spoken entry; the times of its words place the arc in it."""
        start = time.perf_counter()
        recording = await self.transcribe(
            data, language=language, task="transcribe", word_timestamps=True
        )
        milliseconds = (time.perf_counter() - start) * 1000
        insight = await self.analyze(
            recording.transcript.text,
            generate_summary=generate_summary,
            threshold=threshold,
            recording=recording,
        )
        insight.timings_ms = {"transcription": round(milliseconds, 2), **insight.timings_ms}
        return insight

    async def _classify_entry(
        self, texts: Sequence[str]
    ) -> tuple[Probabilities, list[Probabilities]]:
        """Probabilities of the whole and of each sentence, computed together.

        An entry is read by its sentences even where it is short enough to be read at once: read at
        once, the strongest feeling hides the others.
        """
        rows = [_value(outcome) for outcome in await self._feel(texts)]
        return await self._aggregate(texts, rows), rows

    def _salience(self, rows: Sequence[Probabilities]) -> list[float] | None:
        """How much each sentence feels: what is not neutral about it."""
        neutral = self.calibration.labels.index(NEUTRAL)
        return [1.0 - float(row[neutral]) for row in rows] or None

    async def _feel(self, texts: Sequence[str]) -> list[Probabilities | SamoError]:
        """Classify texts, some hundreds at a time: the batcher sorts all that wait."""
        outcomes: list[Probabilities | SamoError] = []
        for start in range(0, len(texts), MAX_WAITING_TEXTS):
            outcomes += await self.emotion.run(texts[start : start + MAX_WAITING_TEXTS])
        return outcomes

    async def _aggregate(
        self, texts: Sequence[str], rows: Sequence[Probabilities]
    ) -> Probabilities:
        lengths = [len(text) for text in texts]
        return await beside_loop(sum(lengths), self.calibration.aggregate, rows, lengths)


def _text_error(text: object) -> SamoError | None:
    if not isinstance(text, str):
        return InvalidRequest("The text must be a string.")
    if not text.strip():
        return InvalidRequest("The text is empty: send at least one character.")
    if len(text) > MAX_TEXT_CHARACTERS:
        return InvalidRequest(
            f"The text is too long: send at most {MAX_TEXT_CHARACTERS} characters.",
            max_length=MAX_TEXT_CHARACTERS,
        )
    return None


def _refuse_markup_only(texts: Sequence[str]) -> None:
    if not texts:
        raise InvalidRequest("The text holds markup only: send the entry's words.", field="text")


def _summary_request(
    reading: Reading,
    max_sentences: int,
    salience: list[float] | None,
    focus: Focus = "core",
) -> SummaryRequest:
    return SummaryRequest(
        reading.plain.text, max_sentences, salience, focus, sentences=tuple(reading.texts)
    )


def _in_entry(reading: Reading, word: ExplainedWord) -> ExplainedWord:
    """A word of the plain text where it stands in the entry."""
    return ExplainedWord(*reading.quote(word.start, word.end))


def _value(outcome: Probabilities | SamoError) -> Probabilities:
    if isinstance(outcome, SamoError):
        raise outcome
    return outcome


@contextmanager
def _step(insight: Insight, name: str) -> Iterator[None]:
    """Time a step; when it cannot answer, name it in `degraded` and go on."""
    start = time.perf_counter()
    try:
        yield
    except (InvalidRequest, ModelFailure, Overloaded) as error:
        if isinstance(error, Overloaded) and insight.recording is None:
            raise
        # a transcript that was paid for is not thrown away for a queue that is full now
        insight.degraded.append(name)
    insight.timings_ms[name] = round((time.perf_counter() - start) * 1000, 2)


def _spoken(
    text: str, sentences: Sequence[Sentence], recording: Recording | None
) -> list[tuple[float | None, float | None]]:
    """Seconds at which each sentence begins and ends, from the times of its words."""
    if recording is None:
        return [(None, None)] * len(sentences)
    words: list[tuple[int, Word]] = []
    cursor = 0
    for word in (w for s in recording.transcript.segments for w in s.words or ()):
        position = text.find(word.text.strip(), cursor)
        if position >= 0:
            words.append((position, word))
            cursor = position + len(word.text.strip())
    spans: list[tuple[float | None, float | None]] = []
    for sentence in sentences:
        own = [word for position, word in words if sentence.start <= position < sentence.end]
        spans.append((own[0].start, own[-1].end) if own else (None, None))
    return spans
