"""Put the runners, their batchers and the pipeline together."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from runners import fakes
from runners.base import GoldenMismatchError
from runners.batching import Batcher
from runners.emotion.classifier import EmotionClassifier
from runners.errors import StartError
from runners.summarizer.summarizer import Summarizer
from runners.transcriber.transcriber import Transcriber
from samo import metrics
from samo.insight.pipeline import Pipeline
from samo.integrity import check_files, check_golden_sentences
from samo.settings import Settings

# Tags in the BentoML model store, where export_models.py puts the models.
MODEL_NAMES: Final = {
    "transcriber": "samo-transcriber:latest",
    "emotion": "samo-emotion:latest",
    "summarizer": "samo-summarizer:latest",
}
# Padded tokens a batch. Without VNNI batches save little, and one whose activations leave the cache
# costs more a text than a text alone.
EMOTION_BATCH_TOKENS: Final = 256
SUMMARY_BATCH_TOKENS: Final = 2048
# Any recording is longer: each is a batch of its own.
AUDIO_BATCH_COST: Final = 1
# A tenth of real time, until a recording was transcribed: the cost is in frames of 10 ms. Without
# a guess the first recordings would all be queued, however many there are.
AUDIO_SECONDS_PER_FRAME: Final = 0.001


class StoredModel(Protocol):
    """What is used of a model in BentoML's store."""

    @property
    def path(self) -> str:
        """Folder of its files."""
        ...

    @property
    def tag(self) -> Any:
        """Name and version."""
        ...

    @property
    def info(self) -> Any:
        """Labels and metadata."""
        ...


@dataclass
class Models:
    """The loaded models: the pipeline over them, their tags and what was stored with them."""

    pipeline: Pipeline
    tags: dict[str, str]
    metadata: dict[str, dict[str, Any]]
    ready: bool = False
    loaded_at: int = field(default_factory=lambda: int(time.time()))
    """Unix time, in seconds."""
    _loaded_at: float = field(default_factory=time.monotonic, repr=False)

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the models were loaded."""
        return time.monotonic() - self._loaded_at

    @property
    def batchers(self) -> dict[str, Batcher[Any, Any, Any]]:
        """The batchers by model."""
        return {
            "transcriber": self.pipeline.transcriber,
            "emotion": self.pipeline.emotion,
            "summarizer": self.pipeline.summarizer,
        }

    def warm_up(self) -> None:
        """Run one input through each model; the service is ready after that."""
        try:
            _side_by_side(*(batcher.runner.warm_up for batcher in self.batchers.values()))
        except GoldenMismatchError as error:
            raise StartError(str(error)) from None
        _return_freed_memory()
        # What was loaded stays: to look through it at each full garbage collection holds up the
        # event loop for half a second.
        gc.collect()
        gc.freeze()
        self.ready = True

    def close(self) -> None:
        """Stop the batchers' threads."""
        self.ready = False
        for batcher in self.batchers.values():
            batcher.close()
        if self.pipeline.decode_executor is not None:
            self.pipeline.decode_executor.shutdown(wait=False, cancel_futures=True)


def assemble(settings: Settings, stored: Callable[[str], StoredModel]) -> Models:
    """Load the three models, or their fakes; `stored` finds a model in the store by name."""
    if settings.runners == "fake":
        return Models(
            _pipeline(
                settings,
                fakes.FakeTranscriber(),
                fakes.FakeEmotionClassifier(),
                fakes.FakeSummarizer(),
            ),
            tags=dict.fromkeys(MODEL_NAMES, "fake"),
            metadata={name: {} for name in MODEL_NAMES},
        )
    models = {name: stored(name) for name in MODEL_NAMES}
    folders = {name: Path(model.path) for name, model in models.items()}
    tags = {name: str(model.tag) for name, model in models.items()}
    metadata = {name: dict(model.info.metadata) for name, model in models.items()}
    # the files first: their error says more than that of a model that cannot load them
    _, transcriber, emotion, summarizer = _side_by_side(
        lambda: _check_files(models.values()),
        lambda: Transcriber.load(
            folders["transcriber"],
            threads=settings.ctranslate2_threads,
            at_a_time=settings.max_concurrent_transcriptions,
        ),
        lambda: EmotionClassifier.load(folders["emotion"], threads=settings.threads, parallel=True),
        lambda: _load_summarizer(tags["summarizer"], folders["summarizer"], settings),
    )
    return Models(
        _pipeline(settings, transcriber, emotion, summarizer),
        tags=tags,
        metadata=metadata,
    )


def _check_files(models: Iterable[StoredModel]) -> None:
    for model in models:
        check_files(str(model.tag), Path(model.path), model.info.metadata)


def _load_summarizer(tag: str, folder: Path, settings: Settings) -> Summarizer:
    summarizer = Summarizer.load(folder, threads=settings.ctranslate2_threads)
    check_golden_sentences(tag, folder, summarizer)
    return summarizer


def _side_by_side(*work: Callable[[], Any]) -> list[Any]:
    """Call each in a thread of its own; raises the first error. Loading models frees the GIL."""
    with ThreadPoolExecutor(len(work)) as executor:
        return [future.result() for future in [executor.submit(one) for one in work]]


def _return_freed_memory() -> None:
    """Give back what loading took and freed: glibc keeps it otherwise."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _pipeline(settings: Settings, transcriber: Any, emotion: Any, summarizer: Any) -> Pipeline:
    def batcher(
        name: str, runner: Any, budget: int, wait: float, **options: Any
    ) -> Batcher[Any, Any, Any]:
        items, seconds = metrics.batch_items.labels(name), metrics.batch_seconds.labels(name)

        def on_batch(batch_items: int, batch_seconds: float) -> None:
            items.observe(batch_items)
            seconds.observe(batch_seconds)

        result: Batcher[Any, Any, Any] = Batcher(
            name,
            runner,
            max_batch_cost=budget,
            max_wait_seconds=wait,
            on_batch=on_batch,
            **options,
        )
        metrics.queue_length.labels(name).set_function(lambda: result.queue_length)
        return result

    speech = batcher(
        "transcriber",
        transcriber,
        AUDIO_BATCH_COST,
        settings.max_audio_wait_seconds,
        seconds_per_cost=AUDIO_SECONDS_PER_FRAME,
        num_workers=settings.max_concurrent_transcriptions,
    )
    return Pipeline(
        speech,
        batcher(
            "emotion",
            emotion,
            EMOTION_BATCH_TOKENS,
            settings.max_wait_seconds,
            num_workers=settings.threads,
            cores_are_busy=lambda: speech.is_computing,
        ),
        batcher("summarizer", summarizer, SUMMARY_BATCH_TOKENS, settings.max_wait_seconds),
        emotion.calibration,
        # threads of their own, so that slow uploads take none from anything else
        ThreadPoolExecutor(settings.max_concurrent_transcriptions, thread_name_prefix="decoding"),
    )
