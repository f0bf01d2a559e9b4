"""Load variant b of the emotion model, without which the service is complete."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from runners.emotion.classifier import EmotionClassifier
from runners.errors import StartError
from runners.fakes import FakeEmotionClassifier
from samo.integrity import check_files
from samo.loading import EmotionRunner
from samo.model_store import ModelNotStored, find_tag
from samo.private_logs import describe
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.ab")

_FILES: Final = ("model.onnx", "tokenizer.json", "calibration.json")


class LoadedVariant(NamedTuple):
    """Variant b."""

    tag: str
    metadata: Mapping[str, Any]
    runner: EmotionRunner | None
    """None if it cannot be loaded."""


def load_variant(settings: Settings, name: str, serving: str) -> LoadedVariant:
    """Load and warm up a model of the store; if that fails, log it and leave the model out.

    Args:
        settings: In shadow mode the model computes on one thread.
        name: Tag of the model, as in `SAMO_AB_MODEL`.
        serving: Tag of variant a.

    Raises:
        StartError: There is no such model, it is no emotion model, or it is variant a.
    """
    if settings.runners == "fake":
        _refuse_same(name, serving)
        return LoadedVariant(name, {}, FakeEmotionClassifier())
    try:
        model = find_tag(name)
    except ModelNotStored:
        raise StartError(
            f"SAMO_AB_MODEL cannot be used: {name} is not in the model store: `samo models list "
            f"{name.partition(':')[0]}` lists the versions. Correct or unset it."
        ) from None
    tag, folder = str(model.tag), Path(model.path)
    _refuse_same(tag, serving)
    if not all((folder / file).is_file() for file in _FILES):
        raise StartError(
            f"SAMO_AB_MODEL cannot be used: {tag} is no emotion model, it lacks one of "
            f"{', '.join(_FILES)}. Correct or unset it."
        )
    metadata = dict(model.info.metadata)
    return LoadedVariant(tag, metadata, _load(settings, metadata, tag, folder))


def _refuse_same(tag: str, serving: str) -> None:
    if tag == serving:
        raise StartError(
            f"SAMO_AB_MODEL cannot be used: {tag} is the model that serves already. Name another "
            "one, or unset it."
        )


def _load(
    settings: Settings, metadata: Mapping[str, Any], tag: str, folder: Path
) -> EmotionClassifier | None:
    """The model; None if it is damaged, does not load or computes other results here."""
    is_shadow = settings.ab_mode == "shadow"
    try:
        check_files(tag, folder, metadata)
        runner = EmotionClassifier.load(
            folder, threads=1 if is_shadow else settings.threads, parallel=not is_shadow
        )
        runner.warm_up()
    except Exception as error:  # noqa: BLE001  # whatever a model's library raises
        _log.error(
            "variant b of the emotion model cannot be loaded (%s): variant a answers all requests, "
            "and /readyz says so; restart the service to try again",
            describe(error),
        )
        return None
    return runner
