"""Orchestrate the models: transcribe, split, classify, aggregate, summarize.

The steps themselves are pure functions (`entry`, `explanation`, `summary`, `arc`). If one fails or
takes too long, `degraded` names it, and the other parts of the result are complete (`steps`).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import Final

from runners.batching import Batcher
from runners.deadline import step_deadline
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import ClassifierInput
from runners.errors import SamoError
from runners.summarizer.summary import Focus, PreparedSummary, Summary, SummaryRequest
from runners.transcriber.transcript import SpeechTask, Transcript, TranscriptionRequest
from samo.decoders import Decoder, ThreadedDecoder
from samo.insight.arc import ArcPoint, arc
from samo.insight.classification import Classification, EmotionBatcher, unwrap
from samo.insight.entry import (
    ClassifiedEntry,
    EntryEmotions,
    SplitEntry,
    check_has_words,
    interpret_entry,
    regroup,
    salience,
    sentence_texts,
    split_entry,
    split_text,
    text_error,
)
from samo.insight.explanation import Explanation
from samo.insight.observer import Observer, TextObserver
from samo.insight.occlusion import check_length, find_possible_reasons, words_to_explain
from samo.insight.results import Insight, SummarizedText, TranscribedRecording
from samo.insight.steps import StepDeadlines, Steps
from samo.insight.summary import (
    SummaryResult,
    interpret_summary,
    probabilities_by_text,
    summary_request,
    unclassified,
)
from samo.insight.threads import run_in_thread
from samo.insight.transcription import RecordingTranscriber
from samo.insight.words import count_words
from samo.monitoring import metrics, tracing

DEFAULT_SUMMARY_SENTENCES: Final = 2


class Pipeline:
    """The three models, each behind its batcher.

    Args:
        transcriber: speech to text.
        emotion: texts to calibrated probabilities.
        summarizer: entries to summaries.
        calibration: interprets the probabilities of `emotion`.
        decoder: decodes uploads; by default in a thread.
        deadlines: of the steps; none by default.
        live_transcriber: speech to text with workers of its own for live sessions; None without.

    """

    def __init__(
        self,
        transcriber: Batcher[TranscriptionRequest, TranscriptionRequest, Transcript],
        emotion: EmotionBatcher,
        summarizer: Batcher[SummaryRequest, PreparedSummary, Summary],
        calibration: EmotionCalibration,
        decoder: Decoder | None = None,
        deadlines: StepDeadlines = StepDeadlines(),  # noqa: B008  # it is frozen
        live_transcriber: Batcher[TranscriptionRequest, TranscriptionRequest, Transcript]
        | None = None,
    ) -> None:
        self.decoder = decoder or ThreadedDecoder(1)
        self.deadlines = deadlines
        self.live_transcriber = live_transcriber
        self.transcriber = transcriber
        self.recordings = RecordingTranscriber(transcriber, self.decoder, deadlines.transcription)
        self.emotion = emotion
        self.summarizer = summarizer
        self.calibration = calibration
        self._classification = Classification(emotion, calibration, deadlines.emotion)

    def observe(self, observer: Observer) -> None:
        """Tell `observer` about each text and each recording from now on."""
        self._classification.observers.append(observer)
        self.recordings.observer = observer

    def with_emotion(self, emotion: EmotionBatcher, calibration: EmotionCalibration) -> Pipeline:
        """The same pipeline with another emotion model; nothing observes its texts yet.

        A monitor expects the probabilities of the model that it was made for.
        """
        other = copy.copy(self)
        other.emotion = emotion
        other.calibration = calibration
        other._classification = Classification(emotion, calibration, self.deadlines.emotion)
        return other

    def with_observer(self, observer: TextObserver) -> Pipeline:
        """The same pipeline, which tells `observer` about its texts too."""
        other = copy.copy(self)
        observers = [*self._classification.observers, observer]
        other._classification = Classification(
            self.emotion, self.calibration, self.deadlines.emotion, observers
        )
        return other

    async def classify(self, texts: Sequence[str]) -> list[Probabilities | SamoError]:
        """Probabilities of shape (outputs,) of each text, or its error."""
        with tracing.step("split", texts=len(texts)):
            entries = [await run_in_thread(len(text), split_text, text) for text in texts]
        outputs = regroup(entries, await self._classification.run(sentence_texts(entries)))
        results: list[Probabilities | SamoError] = []
        with tracing.step("aggregate", texts=len(texts)):
            for entry, own_outputs in zip(entries, outputs, strict=True):
                try:
                    classified = await self._classification.aggregate(entry, own_outputs)
                    results.append(classified.entry_probabilities)
                except SamoError as error:
                    results.append(error)
        return results

    async def classify_each(self, texts: Sequence[object]) -> list[Probabilities | SamoError]:
        """As `classify`, for texts that are not validated yet."""
        checked = [text_error(text) or text for text in texts]
        valid = [text for text in checked if isinstance(text, str)]
        outcomes = iter(await self.classify(valid) if valid else [])
        return [text if isinstance(text, SamoError) else next(outcomes) for text in checked]

    async def explain(
        self, text: str, threshold: float | None, top_k: int | None
    ) -> tuple[Probabilities, list[Explanation]]:
        """As `classify` for one text, with an explanation of each emotion that is decided for.

        First the sentences with their words are classified, then the sentences once for each word
        to hide; each is one request to the batcher. Raises `InvalidRequest` if the text is too
        long to explain.
        """
        check_length(text)
        entry = await _split(split_text, text)
        check_has_words(entry)
        words = words_to_explain(entry)
        classified = await self._classification.entry(entry)
        emotions = self.calibration.decide(classified.entry_probabilities, threshold, top_k)
        possible = find_possible_reasons(
            self.calibration, classified, words, [emotion.name for emotion in emotions]
        )
        with tracing.step("find reasons", words=len(possible.words)):
            outputs = await self._classify_again(possible.inputs)
        occlusion = possible.occlude(self.calibration, outputs)
        with tracing.step("explain", words=len(occlusion.words)):
            outputs = await self._classify_again(occlusion.inputs)
        explanations = occlusion.explain(self.calibration, outputs)
        return classified.entry_probabilities, explanations

    async def _classify_again(self, inputs: Sequence[ClassifierInput]) -> list[Probabilities]:
        """Classify parts of a request that was admitted before; raises the first error."""
        outputs = await self._classification.run(inputs, is_admitted=True)
        return [unwrap(one) for one in outputs]

    async def transcribe(
        self, data: bytes, *, language: str | None, task: SpeechTask, word_timestamps: bool
    ) -> TranscribedRecording:
        """Decode an upload and transcribe it.

        Raises a `SamoError` for audio that cannot be used; `Overloaded` already before decoding.
        """
        return await self.recordings.transcribe(
            data,
            lambda samples: TranscriptionRequest(samples, language, task, word_timestamps),
        )

    async def summarize(self, text: str, max_sentences: int, focus: Focus) -> SummarizedText:
        """Summary of an entry, and the emotions of both unless their step fails."""
        entry = await _split(split_entry, text)
        check_has_words(entry)
        steps = Steps()
        classified: ClassifiedEntry | None = None
        async with steps.run("emotion", self.deadlines.emotion):
            classified = await self._classification.entry(entry)
        async with step_deadline("summary", self.deadlines.summary, optional=False):
            summary = await self._summarize_and_classify(
                entry, classified, max_sentences=max_sentences, focus=focus
            )
        if classified is None:
            return SummarizedText(summary, None, steps.degraded)
        prediction = self.calibration.interpret(classified.entry_probabilities)
        metrics.observe_emotions(prediction.emotions)
        return SummarizedText(summary, prediction, steps.degraded)

    async def analyze(
        self,
        text: str,
        *,
        generate_summary: bool,
        threshold: float | None,
        recording: TranscribedRecording | None = None,
    ) -> Insight:
        """The insight of a typed entry, or of a `recording` whose transcript is `text`."""
        entry = await _split(split_entry, text)
        insight = Insight(text, count_words(entry.plain.text), recording)
        steps = Steps(insight.timings_ms, insight.degraded)
        if not entry.sentences:
            return insight
        classified: ClassifiedEntry | None = None
        async with steps.run("emotion", self.deadlines.emotion):
            classified = await self._classification.entry(entry, is_admitted=recording is not None)
            emotions, insight.arc = await run_in_thread(
                len(text), self._interpret, classified, threshold, recording
            )
            insight.emotions = emotions
            metrics.observe_emotions(emotions.prediction.emotions)
        if generate_summary:
            async with steps.run("summary", self.deadlines.summary):
                insight.summary = await self._summarize_and_classify(
                    entry, classified, threshold=threshold
                )
        return insight

    async def analyze_recording(
        self,
        data: bytes,
        *,
        language: str | None,
        generate_summary: bool,
        threshold: float | None,
    ) -> Insight:
        """The insight of a spoken entry, with the times of its sentences."""
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

    def _interpret(
        self,
        classified: ClassifiedEntry,
        threshold: float | None,
        recording: TranscribedRecording | None,
    ) -> tuple[EntryEmotions, list[ArcPoint]]:
        emotions = interpret_entry(self.calibration, classified, threshold)
        return emotions, arc(emotions.sentences, recording.transcript if recording else None)

    async def _summarize_and_classify(
        self,
        entry: SplitEntry,
        classified: ClassifiedEntry | None,
        *,
        max_sentences: int = DEFAULT_SUMMARY_SENTENCES,
        focus: Focus = "core",
        threshold: float | None = None,
    ) -> SummaryResult:
        """Summarize an entry and classify the summary.

        `classified` is None if that step failed: the summary is not classified either then.
        """
        request = summary_request(
            entry,
            salience(self.calibration, classified) if classified else None,
            max_sentences=max_sentences,
            focus=focus,
        )
        with tracing.step("summarize", sentences=len(entry.sentences)):
            summary = await self.summarizer.run_one(request, is_admitted=True)
        if classified is None:
            return SummaryResult(summary, None)
        known = probabilities_by_text(entry, classified.sentence_probabilities)
        new = unclassified(summary, known)
        outputs = await self._classification.run(new, is_admitted=True)
        known |= {text: unwrap(output) for text, output in zip(new, outputs, strict=True)}
        return await run_in_thread(
            len(summary.text), interpret_summary, self.calibration, summary, known, threshold
        )


async def _split(split: Callable[[str], SplitEntry], text: str) -> SplitEntry:
    with tracing.step("split", characters=len(text)):
        return await run_in_thread(len(text), split, text)
