"""Classify texts and entries by the emotion model, and aggregate their sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runners.batching import Batcher
from runners.deadline import step_deadline
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import ClassifierInput, PreparedText
from runners.errors import SamoError
from samo.insight.entry import ClassifiedEntry, SplitEntry, aggregate
from samo.insight.observer import TextObserver
from samo.insight.threads import run_in_thread
from samo.monitoring import tracing

EmotionBatcher = Batcher[ClassifierInput, PreparedText, Probabilities]

# Texts of one request that are in the classifier's queue at the same time.
MAX_QUEUED_TEXTS: Final = 512


class Classification:
    """The step of the emotions.

    Args:
        emotion: texts to calibrated probabilities.
        calibration: interprets the probabilities.
        deadline_seconds: for the texts of one call, waiting included.
        observers: are told about each text.

    """

    def __init__(
        self,
        emotion: EmotionBatcher,
        calibration: EmotionCalibration,
        deadline_seconds: float,
        observers: Sequence[TextObserver] = (),
    ) -> None:
        self._emotion = emotion
        self._calibration = calibration
        self._deadline_seconds = deadline_seconds
        self.observers = list(observers)

    async def run(
        self, texts: Sequence[ClassifierInput], *, is_admitted: bool = False
    ) -> list[Probabilities | SamoError]:
        """Classify any number of texts with at most `MAX_QUEUED_TEXTS` in the queue.

        Args:
            texts: the texts.
            is_admitted: whether the request has been computing already; it is not refused then.

        Raises:
            DeadlineExceeded: It takes longer than the deadline of the step.
            Overloaded: The wait would be too long.
            ModelUnavailable: The model does not compute.
        """
        outputs: list[Probabilities | SamoError] = []
        with tracing.step("classify", texts=len(texts)):
            async with step_deadline("emotion", self._deadline_seconds, optional=False):
                for start in range(0, len(texts), MAX_QUEUED_TEXTS):
                    outputs += await self._emotion.run(
                        texts[start : start + MAX_QUEUED_TEXTS],
                        is_admitted=is_admitted or start > 0,
                    )
        return outputs

    async def entry(self, entry: SplitEntry, *, is_admitted: bool = False) -> ClassifiedEntry:
        """Classify the sentences of an entry. Raises as `run`, or the first error among them."""
        outputs = await self.run(entry.texts, is_admitted=is_admitted)
        with tracing.step("aggregate", texts=1):
            return await self.aggregate(entry, outputs)

    async def aggregate(
        self, entry: SplitEntry, outputs: Sequence[Probabilities | SamoError]
    ) -> ClassifiedEntry:
        """Aggregate the outputs for an entry's sentences. Raises the first error among them."""
        probabilities = [unwrap(output) for output in outputs]
        classified = await run_in_thread(
            sum(entry.lengths), aggregate, self._calibration, entry, probabilities
        )
        for observer in self.observers:
            observer.observe_text(entry.texts, probabilities)
        return classified


def unwrap(output: Probabilities | SamoError) -> Probabilities:
    """The probabilities of a text; raises its error."""
    if isinstance(output, SamoError):
        raise output
    return output
