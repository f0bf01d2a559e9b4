"""Create the runners, their batchers and the pipeline from the settings."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from runners import fakes
from runners.base import GoldenMismatchError
from runners.batching import Batcher
from runners.errors import StartError
from runners.transcriber.transcript import Transcript, TranscriptionRequest
from runners.unavailable import UnavailableRunner
from samo.ab.variant import Variant
from samo.batchers import EMOTION_B, TEXT_PATIENCE, create_emotion_batcher, with_gauges
from samo.decoders import Decoder, create_decoder
from samo.drift.creation import DriftOff, ObservedModel, create_monitor
from samo.drift.monitor import DriftMonitor
from samo.insight.pipeline import Pipeline
from samo.insight.steps import StepDeadlines
from samo.loading import (
    EmotionRunner,
    Runners,
    TranscriberRunner,
    live_workers,
    load_runners,
    report_unavailable,
)
from samo.model_store import StoredModel
from samo.monitoring.models import batch_observer, speech_batch_observer, text_batch_observer
from samo.settings import Settings

SUMMARY_BATCH_TOKENS: Final = 2048
# Every recording is longer, so each is a batch of its own.
AUDIO_BATCH_COST: Final = 1
# A live turn is at most 25 s, so that a longer wait means that far too many people speak.
MAX_LIVE_WAIT_SECONDS: Final = 20.0
# First estimate of the transcriber's speed, until a recording was transcribed: a tenth of real
# time; the cost of a recording is its number of 10 ms frames. Without an estimate the first
# recordings would all be admitted to the queue.
INITIAL_SECONDS_PER_AUDIO_FRAME: Final = 0.001


@dataclass
class ModelSet:
    """The loaded models: the pipeline that runs them, their tags and their metadata."""

    pipeline: Pipeline
    tags: dict[str, str]
    metadata: dict[str, dict[str, Any]]
    folders: dict[str, Path] = field(default_factory=dict)
    """Of the models' files; empty for fakes."""
    variant_b: Variant | None = None
    """Of the emotion model, in an A/B experiment; without it the service is complete."""
    ready: bool = False
    loaded_at: int = field(default_factory=lambda: int(time.time()))
    """Unix time, in seconds."""
    _loaded_monotonic: float = field(default_factory=time.monotonic, repr=False)

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the models were loaded."""
        return time.monotonic() - self._loaded_monotonic

    @property
    def tags_by_batcher(self) -> dict[str, str]:
        """The tags by the names of the batchers: live speech has a batcher of its own."""
        return {**self.tags, "live": self.tags["transcriber"]}

    @property
    def batchers(self) -> dict[str, Batcher[Any, Any, Any]]:
        """The batchers by model; `Any`, because each has other inputs and outputs."""
        return {
            "transcriber": self.pipeline.transcriber,
            "emotion": self.pipeline.emotion,
            "summarizer": self.pipeline.summarizer,
        }

    @property
    def all_batchers(self) -> dict[str, Batcher[Any, Any, Any]]:
        """Those of `batchers`, and that of variant b."""
        if self.variant_b is None:
            return self.batchers
        return self.batchers | {EMOTION_B: self.variant_b.emotion}

    def add_variant(self, variant: Variant, tag: str, metadata: Mapping[str, Any]) -> None:
        """Add variant b of the emotion model, which has run its warm-up."""
        self.variant_b = variant
        self.tags[EMOTION_B], self.metadata[EMOTION_B] = tag, dict(metadata)

    def warm_up(self) -> None:
        """Run one input through each model; the service is ready after that.

        A model that fails is left out.

        Raises:
            StartError: A model computes other results than when it was exported, or none is left.
        """
        with ThreadPoolExecutor(len(self.batchers)) as executor:
            for one in [executor.submit(_warm_up, one) for one in self.batchers.values()]:
                one.result()
        if self.pipeline.live_transcriber is not None:
            self.pipeline.live_transcriber.runner = self.pipeline.transcriber.runner
        if all(batcher.state == "unavailable" for batcher in self.batchers.values()):
            raise StartError("No model can be loaded: the log says why.")
        return_freed_memory()
        # Move the loaded objects out of garbage collection: a full collection over them blocks
        # the event loop for 0.5 s.
        gc.collect()
        gc.freeze()
        self.ready = True

    def require_all(self) -> None:
        """Raise `StartError` if a model could not be loaded."""
        missing = [name for name, one in self.batchers.items() if one.state == "unavailable"]
        if missing:
            raise StartError(f"These models cannot be loaded: {', '.join(missing)}; see the log.")

    def close(self) -> None:
        """Stop the threads of the batchers, and the decoder."""
        self.ready = False
        for batcher in self.all_batchers.values():
            batcher.close()
        if self.pipeline.live_transcriber is not None:
            self.pipeline.live_transcriber.close()
        self.pipeline.decoder.close()


def create_models(settings: Settings, find_model: Callable[[str], StoredModel]) -> ModelSet:
    """Load the three models, or create their fakes; one that cannot be loaded refuses requests.

    Args:
        settings: Which runners and models, and their threads and limits.
        find_model: Returns the stored model for a key of `settings.model_names`.

    Raises:
        StartError: A file of a model is missing or damaged.
    """
    workers = settings.max_concurrent_transcriptions
    decoder = create_decoder(workers, isolated=settings.isolate_decoding)
    if settings.runners == "fake":
        return ModelSet(
            _create_pipeline(
                settings,
                Runners(
                    fakes.FakeTranscriber(), fakes.FakeEmotionClassifier(), fakes.FakeSummarizer()
                ),
                decoder,
            ),
            tags=dict.fromkeys(settings.model_names, "fake"),
            metadata={name: {} for name in settings.model_names},
        )
    models = {name: find_model(name) for name in settings.model_names}
    return ModelSet(
        _load_pipeline(settings, models, decoder),
        tags={name: str(model.tag) for name, model in models.items()},
        metadata={name: dict(model.info.metadata) for name, model in models.items()},
        folders={name: Path(model.path) for name, model in models.items()},
    )


def observe_drift(settings: Settings, models: ModelSet) -> DriftMonitor | DriftOff:
    """Compare what the pipeline of `models` sees with a reference from now on.

    Raises:
        StartError: `settings.drift_reference` cannot be used.
    """
    if models.pipeline.emotion.state == "unavailable":
        return DriftOff("The emotion model could not be loaded: restart the service.")
    runner = cast("EmotionRunner", models.pipeline.emotion.runner)
    classifier = ObservedModel(
        runner.calibration,
        runner.vocabulary,
        models.metadata["emotion"].get("sha256", {}),
        models.folders.get("emotion"),
    )
    monitor = create_monitor(settings, classifier)
    if isinstance(monitor, DriftMonitor):
        models.pipeline.observe(monitor)
    return monitor


def _warm_up(batcher: Batcher[Any, Any, Any]) -> None:
    try:
        batcher.runner.warm_up()
    except GoldenMismatchError as error:
        raise StartError(str(error)) from None
    except Exception as error:  # noqa: BLE001  # whatever a model's library raises
        report_unavailable(batcher.name, error)
        batcher.runner = UnavailableRunner(batcher.name)


def _load_pipeline(
    settings: Settings, models: Mapping[str, StoredModel], decoder: Decoder
) -> Pipeline:
    """Load the models while the decoder starts."""
    decoder.start()
    try:
        pipeline = _create_pipeline(settings, load_runners(settings, models), decoder)
        decoder.wait_until_started()
    except BaseException:
        decoder.close()
        raise
    return pipeline


def return_freed_memory() -> None:
    """Return memory that loading freed to the system; glibc would keep it."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _create_pipeline(settings: Settings, runners: Runners, decoder: Decoder) -> Pipeline:
    deadlines = StepDeadlines(
        settings.transcription_deadline_seconds,
        settings.emotion_deadline_seconds,
        settings.summary_deadline_seconds,
    )
    speech = Batcher(
        "transcriber",
        runners.transcriber,
        max_batch_cost=AUDIO_BATCH_COST,
        max_wait_seconds=settings.max_audio_wait_seconds,
        seconds_per_cost=INITIAL_SECONDS_PER_AUDIO_FRAME,
        num_workers=settings.max_concurrent_transcriptions,
        max_batch_seconds=deadlines.transcription,
        on_batch=speech_batch_observer("transcriber"),
    )
    live = _create_live_transcriber(settings, runners.transcriber)

    return Pipeline(
        with_gauges(speech),
        with_gauges(create_emotion_batcher(settings, runners.emotion, speech, live)),
        with_gauges(
            Batcher(
                "summarizer",
                runners.summarizer,
                max_batch_cost=SUMMARY_BATCH_TOKENS,
                max_wait_seconds=settings.max_wait_seconds,
                patience=TEXT_PATIENCE,
                max_batch_seconds=deadlines.summary,
                on_batch=text_batch_observer("summarizer"),
            )
        ),
        runners.emotion.calibration,
        decoder,
        deadlines,
        live,
    )


def _create_live_transcriber(
    settings: Settings, transcriber: TranscriberRunner
) -> Batcher[TranscriptionRequest, Any, Transcript] | None:
    """Workers of their own, so that a live turn never waits for the end of a long upload.

    They share the weights with the uploads' workers, and the system divides the cores.
    """
    workers = live_workers(settings)
    if not workers:
        return None
    return with_gauges(
        Batcher(
            "live",
            transcriber,
            max_batch_cost=AUDIO_BATCH_COST,
            max_wait_seconds=MAX_LIVE_WAIT_SECONDS,
            seconds_per_cost=INITIAL_SECONDS_PER_AUDIO_FRAME,
            num_workers=workers,
            on_batch=batch_observer("live"),
        )
    )
