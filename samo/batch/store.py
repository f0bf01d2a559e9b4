"""Find models in the BentoML model store."""

from __future__ import annotations

from typing import cast

from samo.batch.entries import BatchRunError
from samo.factory import MODEL_NAMES
from samo.loading import StoredModel
from samo.settings import Settings


def find_model(name: str) -> StoredModel:
    """Return the newest model for `name` of `MODEL_NAMES`. Raises `BatchRunError` if none."""
    import bentoml  # slow to import, and not needed for fake runners
    from bentoml.exceptions import NotFound

    try:
        return cast("StoredModel", bentoml.models.get(MODEL_NAMES[name]))
    except NotFound:
        raise BatchRunError(
            f"{MODEL_NAMES[name]} is not in the model store: run `make export`."
        ) from None


def tags(settings: Settings) -> dict[str, str]:
    """Return the tags of the models that a run will use, without loading them."""
    if settings.runners == "fake":
        return dict.fromkeys(MODEL_NAMES, "fake")
    return {name: str(find_model(name).tag) for name in MODEL_NAMES}
