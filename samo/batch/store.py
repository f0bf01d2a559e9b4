"""The BentoML model store, for bulk runs."""

from __future__ import annotations

from typing import cast

from samo.batch.sources import BatchError
from samo.factory import MODEL_NAMES, StoredModel
from samo.settings import Settings


def stored(name: str) -> StoredModel:
    """The newest model for `name` of `MODEL_NAMES`. Raises `BatchError` where there is none."""
    import bentoml  # slow to import, and fake runners need no store
    from bentoml.exceptions import NotFound

    try:
        return cast("StoredModel", bentoml.models.get(MODEL_NAMES[name]))
    except NotFound:
        raise BatchError(
            f"{MODEL_NAMES[name]} is not in the model store: run `make export`."
        ) from None


def tags(settings: Settings) -> dict[str, str]:
    """The tags of the models that a run would use; nothing is loaded."""
    if settings.runners == "fake":
        return dict.fromkeys(MODEL_NAMES, "fake")
    return {name: str(stored(name).tag) for name in MODEL_NAMES}
