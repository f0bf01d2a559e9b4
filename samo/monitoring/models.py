"""The metrics of the models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runners.batch import Batch
from runners.transcriber.transcript import SAMPLE_RATE
from samo.monitoring import metrics

BatchObserver = Callable[[Batch[Any, Any]], None]
"""Is called after each batch; `Any`, because every model has other inputs and outputs."""


def batch_observer(model: str) -> BatchObserver:
    """Count the batches of a model: their items, computing time and time in the queue."""
    items, seconds = metrics.batch_items.labels(model), metrics.batch_seconds.labels(model)
    wait = metrics.queue_wait_seconds.labels(model)

    def observe(batch: Batch[Any, Any]) -> None:
        items.observe(len(batch.items))
        seconds.observe(batch.seconds)
        for waited in batch.waits:
            wait.observe(waited)

    return observe


def text_batch_observer(model: str) -> BatchObserver:
    """As `batch_observer`, for a model whose items cost one per token."""
    observe_batch, tokens = batch_observer(model), metrics.tokens.labels(model)

    def observe(batch: Batch[Any, Any]) -> None:
        observe_batch(batch)
        if batch.succeeded:
            tokens.inc(batch.cost)

    return observe


def speech_batch_observer(model: str) -> BatchObserver:
    """As `batch_observer`, for a model whose items are requests with samples."""
    observe_batch = batch_observer(model)

    def observe(batch: Batch[Any, Any]) -> None:
        observe_batch(batch)
        audio_seconds = sum(len(item.prepared.samples) for item in batch.items) / SAMPLE_RATE
        if batch.succeeded and audio_seconds:
            metrics.real_time_factor.observe(batch.seconds / audio_seconds)

    return observe


def report_models(version: str, tags: Mapping[str, str]) -> None:
    """Report the version of the service and the tag of each loaded model."""
    metrics.build_info.labels(version).set(1)
    metrics.model_info.clear()
    for model, tag in tags.items():
        metrics.model_info.labels(model, tag).set(1)
