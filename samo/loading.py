"""Load the models of the store, or leave out those that cannot be loaded.

A file that is missing or was changed refuses the start: it is a fault of the deployment, which a
restart does not heal, and possibly an attack. So does a model that computes other results than at
its export. Any other failure, such as too little memory, leaves out the model alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from runners.base import ParallelRunner, Runner
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import ClassifierInput, EmotionClassifier
from runners.errors import StartError
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import Summary, SummaryRequest
from runners.transcriber.transcriber import Transcriber
from runners.transcriber.transcript import Transcript, TranscriptionRequest
from runners.unavailable import UnavailableRunner
from samo import private_logs
from samo.integrity import check_files, check_golden_sentences
from samo.model_store import StoredModel
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.loading")

_Loaded = TypeVar("_Loaded")
_Substitute = TypeVar("_Substitute", bound=UnavailableRunner)

# `Any` is the type of a prepared input, which a runner and its fake choose freely.
TranscriberRunner = Runner[TranscriptionRequest, Any, Transcript]
SummarizerRunner = Runner[SummaryRequest, Any, Summary]


class EmotionRunner(ParallelRunner[ClassifierInput, Any, Probabilities], Protocol):
    """The classifier, with the calibration that interprets its probabilities."""

    calibration: EmotionCalibration

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens of its tokenizer."""
        ...


class UnavailableClassifier(UnavailableRunner):
    """In place of the classifier; its calibration is a small file that loads nevertheless."""

    vocabulary = ()

    def __init__(self, name: str, calibration: EmotionCalibration) -> None:
        super().__init__(name)
        self.calibration = calibration


class Runners(NamedTuple):
    """The three models."""

    transcriber: TranscriberRunner
    emotion: EmotionRunner
    summarizer: SummarizerRunner


def max_live_sessions(settings: Settings) -> int:
    """The number of live sessions: the setting, or as many as threads."""
    limit = settings.max_live_sessions
    return settings.threads if limit is None else limit


def live_workers(settings: Settings) -> int:
    """The number of live turns that are transcribed at the same time."""
    return min(settings.threads, max_live_sessions(settings))


def load_runners(settings: Settings, models: Mapping[str, StoredModel]) -> Runners:
    """Load the models "transcriber", "emotion" and "summarizer"; log which of them cannot be.

    Raises:
        StartError: A file is missing or damaged, or a model computes other results here.
    """
    folders = {name: Path(model.path) for name, model in models.items()}
    # loading a model releases the GIL
    with ThreadPoolExecutor(len(models) + 1) as executor:
        checks = executor.submit(_check_files, models.values())
        transcriber = executor.submit(
            Transcriber.load,
            folders["transcriber"],
            threads=settings.ctranslate2_threads,
            num_workers=settings.max_concurrent_transcriptions + live_workers(settings),
        )
        emotion = executor.submit(
            EmotionClassifier.load, folders["emotion"], threads=settings.threads, parallel=True
        )
        summarizer = executor.submit(
            _load_summarizer, str(models["summarizer"].tag), folders["summarizer"], settings
        )
        checks.result()  # first: it names the damaged file, which an error in loading does not
        loaded_transcriber = _result(transcriber, lambda: UnavailableRunner("transcriber"))
        loaded_emotion = _result(emotion, lambda: _unavailable_classifier(folders["emotion"]))
        loaded_summarizer = _result(summarizer, lambda: UnavailableRunner("summarizer"))
        return Runners(loaded_transcriber, loaded_emotion, loaded_summarizer)


def load_classifier(settings: Settings, model: StoredModel) -> EmotionClassifier:
    """Load a version of the emotion model. Raises `StartError` if a file is missing or damaged."""
    _check_files([model])
    folder = Path(model.path)
    return EmotionClassifier.load(folder, threads=settings.threads, parallel=True)


def report_unavailable(name: str, error: Exception) -> None:
    """Log that the service starts without a model."""
    _log.error(
        "the %s model cannot be loaded (%s): the service starts without it, and its responses "
        "name it in `degraded`; restart the service to try again",
        name,
        private_logs.describe(error),
    )


def _check_files(models: Iterable[StoredModel]) -> None:
    for model in models:
        check_files(str(model.tag), Path(model.path), model.info.metadata)


def _load_summarizer(tag: str, folder: Path, settings: Settings) -> Summarizer:
    summarizer = Summarizer.load(folder, threads=settings.ctranslate2_threads)
    check_golden_sentences(tag, folder, summarizer.t5)
    return summarizer


def _result(
    loading: Future[_Loaded], substitute: Callable[[], _Substitute]
) -> _Loaded | _Substitute:
    """The loaded model, or its substitute if loading failed."""
    try:
        return loading.result()
    except StartError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a model's library raises
        runner = substitute()
        report_unavailable(runner.name, error)
        return runner


def _unavailable_classifier(folder: Path) -> UnavailableClassifier:
    return UnavailableClassifier("emotion", EmotionCalibration.load(folder / "calibration.json"))
