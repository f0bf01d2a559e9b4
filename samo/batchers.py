"""How the inputs of the emotion model are batched, also those of its variant b; and the gauges."""

from __future__ import annotations

from typing import Any, Final

from runners.base import Input, Output, ParallelRunner, Prepared
from runners.batching import Batcher
from runners.emotion.calibration import Probabilities
from runners.emotion.classifier import ClassifierInput
from samo.insight.classification import EmotionBatcher
from samo.monitoring import metrics
from samo.monitoring.models import text_batch_observer
from samo.settings import Settings

# Variant b of the emotion model, in tags, states and metrics.
EMOTION_B: Final = "emotion_b"
# Padded tokens per batch. Without VNNI batching saves little, and a larger batch spills the CPU
# cache and is slower per text.
EMOTION_BATCH_TOKENS: Final = 256
# A request with long texts may wait for this multiple of its own computing: otherwise a second
# batch of 128 long texts would be refused while a first one is computed.
TEXT_PATIENCE: Final = 4.0
# The queue of short texts that is always accepted: 256 of 20 tokens, which a slow CPU computes in
# a few seconds. If they were refused, their clients would only send them again.
EMOTION_MIN_QUEUE_TOKENS: Final = 5120


def create_emotion_batcher(
    settings: Settings,
    runner: ParallelRunner[ClassifierInput, Any, Probabilities],
    speech: Batcher[Any, Any, Any],
    live: Batcher[Any, Any, Any] | None,
    name: str = "emotion",
) -> EmotionBatcher:
    """The emotion model's batcher, which leaves the cores to the transcriber's batchers.

    `name` is `EMOTION_B` for variant b.
    """

    def transcriber_is_computing() -> bool:
        return speech.is_computing or (live is not None and live.is_computing)

    return Batcher(
        name,
        runner,
        max_batch_cost=EMOTION_BATCH_TOKENS,
        max_wait_seconds=settings.max_wait_seconds,
        patience=TEXT_PATIENCE,
        min_queue_cost=EMOTION_MIN_QUEUE_TOKENS,
        num_workers=settings.threads,
        max_batch_seconds=settings.emotion_deadline_seconds,
        cores_are_busy=transcriber_is_computing,
        on_batch=text_batch_observer(name),
    )


def with_gauges(
    batcher: Batcher[Input, Prepared, Output],
) -> Batcher[Input, Prepared, Output]:
    """The same batcher, whose queue length and state /metrics reports."""
    metrics.queue_length.labels(batcher.name).set_function(lambda: batcher.queue_length)
    metrics.model_ready.labels(batcher.name).set_function(lambda: batcher.state == "ready")
    return batcher
