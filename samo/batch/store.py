"""Find models in the BentoML model store."""

from __future__ import annotations

from typing import cast

from samo.batch.entries import BatchRunError
from samo.loading import StoredModel
from samo.settings import Settings


def find_model(settings: Settings, name: str) -> StoredModel:
    """Return the newest model for `name` of `settings.model_tags`.

    Raises `BatchRunError` if there is none.
    """
    import bentoml  # slow to import, and not needed for fake runners
    from bentoml.exceptions import NotFound

    tag = settings.model_tags[name]
    try:
        return cast("StoredModel", bentoml.models.get(tag))
    except NotFound:
        raise BatchRunError(f"{tag} is not in the model store: run `make export`.") from None


def tags(settings: Settings) -> dict[str, str]:
    """Return the tags of the models that a run will use, without loading them."""
    if settings.runners == "fake":
        return dict.fromkeys(settings.model_tags, "fake")
    return {name: str(find_model(settings, name).tag) for name in settings.model_tags}
