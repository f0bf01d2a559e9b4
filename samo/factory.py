"""Create the runners, their batchers and the pipeline from the settings."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, cast

from runners import fakes
from runners.base import GoldenMismatchError, Input, Output, ParallelRunner, Prepared, Runner
from runners.batching import Batcher
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import EmotionClassifier, OccludedText
from runners.errors import StartError
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import Summary, SummaryRequest
from runners.transcriber.transcriber import Transcriber
from runners.transcriber.transcript import Transcript, TranscriptionRequest
from samo.drift.creation import DriftOff, ObservedModel, create_monitor
from samo.drift.monitor import DriftMonitor
from samo.insight.pipeline import Pipeline
from samo.integrity import check_files, check_golden_sentences
from samo.monitoring import metrics
from samo.monitoring.models import batch_observer, speech_batch_observer, text_batch_observer
from samo.settings import Settings

# Tags in the BentoML model store, to which export_models.py writes the models.
MODEL_NAMES: Final = {
    "transcriber": "samo-transcriber:latest",
    "emotion": "samo-emotion:latest",
    "summarizer": "samo-summarizer:latest",
}
# Padded tokens per batch. Without VNNI batching saves little, and a larger batch spills the CPU
# cache and is slower per text.
EMOTION_BATCH_TOKENS: Final = 256
SUMMARY_BATCH_TOKENS: Final = 2048
# Every recording is longer, so each is a batch of its own.
AUDIO_BATCH_COST: Final = 1
# A live turn is at most 25 s, so that a longer wait means that far too many people speak.
MAX_LIVE_WAIT_SECONDS: Final = 20.0
# First estimate of the transcriber's speed, until a recording was transcribed: a tenth of real
# time; the cost of a recording is its number of 10 ms frames. Without an estimate the first
# recordings would all be admitted to the queue.
INITIAL_SECONDS_PER_AUDIO_FRAME: Final = 0.001

# `Any` is the type of a prepared input, which a runner and its fake choose freely.
TranscriberRunner = Runner[TranscriptionRequest, Any, Transcript]
SummarizerRunner = Runner[SummaryRequest, Any, Summary]


class EmotionRunner(ParallelRunner[str | OccludedText, Any, Probabilities], Protocol):
    """The classifier, with the calibration that interprets its probabilities."""

    calibration: EmotionCalibration

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens of its tokenizer."""
        ...


class ModelInfo(Protocol):
    """Information that BentoML's store keeps about a model."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What `export_models.py` wrote: origin, metrics, licences, SHA-256 of the files."""
        ...


class StoredModel(Protocol):
    """A model in BentoML's store, whose classes have no types."""

    @property
    def path(self) -> str:
        """Folder of its files."""
        ...

    @property
    def tag(self) -> object:
        """Name and version; its `str` is "name:version"."""
        ...

    @property
    def info(self) -> ModelInfo:
        """Its metadata."""
        ...


@dataclass
class ModelSet:
    """The loaded models: the pipeline that runs them, their tags and their metadata."""

    pipeline: Pipeline
    tags: dict[str, str]
    metadata: dict[str, dict[str, Any]]
    folders: dict[str, Path] = field(default_factory=dict)
    """Of the models' files; empty for fakes."""
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

    def warm_up(self) -> None:
        """Run one input through each model; the service is ready after that.

        Raises:
            StartError: A model computes other results than when it was exported.
        """
        runners = [batcher.runner for batcher in self.batchers.values()]
        try:
            with ThreadPoolExecutor(len(runners)) as executor:
                for future in [executor.submit(runner.warm_up) for runner in runners]:
                    future.result()
        except GoldenMismatchError as error:
            raise StartError(str(error)) from None
        _return_freed_memory()
        # Move the loaded objects out of garbage collection: a full collection over them blocks
        # the event loop for 0.5 s.
        gc.collect()
        gc.freeze()
        self.ready = True

    def close(self) -> None:
        """Stop the threads of the batchers and of the decoder."""
        self.ready = False
        for batcher in self.batchers.values():
            batcher.close()
        if self.pipeline.live_transcriber is not None:
            self.pipeline.live_transcriber.close()
        if self.pipeline.decode_executor is not None:
            self.pipeline.decode_executor.shutdown(wait=False, cancel_futures=True)


def create_models(settings: Settings, find_model: Callable[[str], StoredModel]) -> ModelSet:
    """Load the three models, or create their fakes.

    Args:
        settings: Which runners, and their threads and limits.
        find_model: Returns the stored model for a key of `MODEL_NAMES`.

    Raises:
        StartError: A file of a model is missing or damaged.
    """
    if settings.runners == "fake":
        return ModelSet(
            _create_pipeline(
                settings,
                fakes.FakeTranscriber(),
                fakes.FakeEmotionClassifier(),
                fakes.FakeSummarizer(),
            ),
            tags=dict.fromkeys(MODEL_NAMES, "fake"),
            metadata={name: {} for name in MODEL_NAMES},
        )
    models = {name: find_model(name) for name in MODEL_NAMES}
    return ModelSet(
        _load_pipeline(settings, models),
        tags={name: str(model.tag) for name, model in models.items()},
        metadata={name: dict(model.info.metadata) for name, model in models.items()},
        folders={name: Path(model.path) for name, model in models.items()},
    )


def observe_drift(settings: Settings, models: ModelSet) -> DriftMonitor | DriftOff:
    """Compare what the pipeline of `models` sees with a reference from now on.

    Raises:
        StartError: `settings.drift_reference` cannot be used.
    """
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


def _load_pipeline(settings: Settings, models: Mapping[str, StoredModel]) -> Pipeline:
    folders = {name: Path(model.path) for name, model in models.items()}
    # loading a model releases the GIL
    with ThreadPoolExecutor(len(models) + 1) as executor:
        checks = executor.submit(_check_files, models.values())
        transcriber = executor.submit(
            Transcriber.load,
            folders["transcriber"],
            threads=settings.ctranslate2_threads,
            num_workers=settings.max_concurrent_transcriptions + _live_workers(settings),
        )
        emotion = executor.submit(
            EmotionClassifier.load, folders["emotion"], threads=settings.threads, parallel=True
        )
        summarizer = executor.submit(
            _load_summarizer, str(models["summarizer"].tag), folders["summarizer"], settings
        )
        checks.result()  # first: it names the damaged file, which an error in loading does not
        return _create_pipeline(
            settings, transcriber.result(), emotion.result(), summarizer.result()
        )


def _check_files(models: Iterable[StoredModel]) -> None:
    for model in models:
        check_files(str(model.tag), Path(model.path), model.info.metadata)


def _load_summarizer(tag: str, folder: Path, settings: Settings) -> Summarizer:
    summarizer = Summarizer.load(folder, threads=settings.ctranslate2_threads)
    check_golden_sentences(tag, folder, summarizer.t5)
    return summarizer


def _return_freed_memory() -> None:
    """Return memory that loading freed to the system; glibc would keep it."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _create_pipeline(
    settings: Settings,
    transcriber: TranscriberRunner,
    emotion: EmotionRunner,
    summarizer: SummarizerRunner,
) -> Pipeline:
    speech = Batcher(
        "transcriber",
        transcriber,
        max_batch_cost=AUDIO_BATCH_COST,
        max_wait_seconds=settings.max_audio_wait_seconds,
        seconds_per_cost=INITIAL_SECONDS_PER_AUDIO_FRAME,
        num_workers=settings.max_concurrent_transcriptions,
        on_batch=speech_batch_observer("transcriber"),
    )
    live = _create_live_transcriber(settings, transcriber)

    def transcriber_is_computing() -> bool:
        return speech.is_computing or (live is not None and live.is_computing)

    return Pipeline(
        _with_queue_metric(speech),
        _with_queue_metric(
            Batcher(
                "emotion",
                emotion,
                max_batch_cost=EMOTION_BATCH_TOKENS,
                max_wait_seconds=settings.max_wait_seconds,
                num_workers=settings.threads,
                cores_are_busy=transcriber_is_computing,
                on_batch=text_batch_observer("emotion"),
            )
        ),
        _with_queue_metric(
            Batcher(
                "summarizer",
                summarizer,
                max_batch_cost=SUMMARY_BATCH_TOKENS,
                max_wait_seconds=settings.max_wait_seconds,
                on_batch=text_batch_observer("summarizer"),
            )
        ),
        emotion.calibration,
        # separate threads, so that slow decodes of uploads delay nothing else
        ThreadPoolExecutor(settings.max_concurrent_transcriptions, thread_name_prefix="decoding"),
        live,
    )


def max_live_sessions(settings: Settings) -> int:
    """The number of live sessions: the setting, or as many as threads."""
    limit = settings.max_live_sessions
    return settings.threads if limit is None else limit


def _live_workers(settings: Settings) -> int:
    return min(settings.threads, max_live_sessions(settings))


def _create_live_transcriber(
    settings: Settings, transcriber: TranscriberRunner
) -> Batcher[TranscriptionRequest, Any, Transcript] | None:
    """Workers of their own, so that a live turn never waits for the end of a long upload.

    They share the weights with the uploads' workers, and the system divides the cores.
    """
    workers = _live_workers(settings)
    if not workers:
        return None
    return _with_queue_metric(
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


def _with_queue_metric(
    batcher: Batcher[Input, Prepared, Output],
) -> Batcher[Input, Prepared, Output]:
    """The same batcher, whose queue length /metrics reports."""
    metrics.queue_length.labels(batcher.name).set_function(lambda: batcher.queue_length)
    return batcher
