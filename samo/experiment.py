"""An A/B experiment: which of two emotion models answers a request."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import HTTPConnection

from runners.base import ParallelRunner
from runners.callers import current_caller
from runners.emotion.calibration import Probabilities
from runners.unavailable import UnavailableRunner
from samo.ab.assignment import assign
from samo.ab.loading import load_variant
from samo.ab.shadow import LowPriorityRunner, Shadow
from samo.ab.variant import Variant
from samo.access.identity import key_name
from samo.batchers import EMOTION_B, create_emotion_batcher, with_gauges
from samo.factory import ModelSet
from samo.monitoring.request_record import note_emotion_model
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.ab")

_PSEUDONYM_BYTES: Final = 8


@dataclass(frozen=True)
class Experiment:
    """Chooses the models that answer a request.

    Attributes:
        name: of the experiment, which is the tag of variant b.
        models: those of variant a.
        chosen: those for the callers who were assigned to b. In shadow mode they answer as a does.
        share: of the callers who are assigned to b, from 0 to 1.
        header: whose value identifies the caller; None for the API key or the address.
        shadow: compares the variants; None in split mode.

    """

    name: str
    models: ModelSet
    chosen: ModelSet
    share: float
    header: str | None = None
    shadow: Shadow | None = None

    def models_for(self, connection: HTTPConnection) -> ModelSet:
        """The models that answer a request; they are noted in its record.

        A request without an identity gets variant a and does not belong to the experiment.
        """
        caller = self._caller(connection)
        if not caller:
            note_emotion_model(self.models.tags["emotion"])
            return self.models
        variant = assign(self.name, caller, self.share)
        models = self.chosen if variant == "b" else self.models
        if self.shadow is None:
            note_emotion_model(models.tags["emotion"], variant, self._pseudonym(caller))
        else:  # a answers everybody, and nobody's feedback is about b
            note_emotion_model(self.models.tags["emotion"])
        return models

    def _caller(self, connection: HTTPConnection) -> str:
        if self.header is None:
            return current_caller()
        value = connection.headers.get(self.header, "").strip()
        # two applications may have the same id for different people
        return f"user:{key_name(connection.scope)}:{value}" if value else ""

    def _pseudonym(self, caller: str) -> str:
        """The experiment and a hash, which tells its callers apart without their names."""
        message = f"{self.name}:{caller}".encode("utf-8", "surrogateescape")
        hashed = hashlib.blake2b(message, digest_size=_PSEUDONYM_BYTES, person=b"caller")
        return f"{self.name}/{hashed.hexdigest()}"

    async def close(self) -> None:
        """Drop the texts that wait for a comparison."""
        if self.shadow is not None:
            await self.shadow.close()


def load_variant_b(settings: Settings, models: ModelSet) -> None:
    """Load the model of `settings.ab_model`, if it is set, and add it to `models`.

    If it cannot be loaded, `models` says that it is unavailable.

    Raises:
        StartError: There is no such model, it is no emotion model, or it is variant a.
    """
    if settings.ab_model is None:
        return
    loaded = load_variant(settings, settings.ab_model, models.tags["emotion"])
    runner: ParallelRunner[Any, Any, Probabilities] = UnavailableRunner(EMOTION_B)
    calibration = models.pipeline.calibration
    if loaded.runner is not None:
        calibration = loaded.runner.calibration
        is_shadow = settings.ab_mode == "shadow"
        runner = LowPriorityRunner(loaded.runner) if is_shadow else loaded.runner
    pipeline = models.pipeline
    batcher = create_emotion_batcher(
        settings, runner, pipeline.transcriber, pipeline.live_transcriber, EMOTION_B
    )
    models.add_variant(Variant(with_gauges(batcher), calibration), loaded.tag, loaded.metadata)


def create_experiment(settings: Settings, models: ModelSet) -> Experiment | None:
    """The experiment of these models; None without a variant b, or if a has become the same."""
    b = models.variant_b
    if b is None or b.emotion.state == "unavailable":
        return None
    tag, pipeline = models.tags[EMOTION_B], models.pipeline
    if tag == models.tags["emotion"]:
        _log.warning("%s was promoted, which is variant b too: the experiment has ended.", tag)
        return None
    shadow = None
    if settings.ab_mode == "shadow":
        shadow = Shadow(Variant(pipeline.emotion, pipeline.calibration), b)
        chosen = replace(models, pipeline=pipeline.with_observer(shadow))
    else:
        pipeline = pipeline.with_emotion(b.emotion, b.calibration)
        chosen = replace(models, pipeline=pipeline, tags=models.tags | {"emotion": tag})
    return Experiment(tag, models, chosen, settings.ab_share, settings.ab_header, shadow)
