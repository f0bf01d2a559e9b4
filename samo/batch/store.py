"""Find models in the BentoML model store."""

from __future__ import annotations

from samo import model_store
from samo.batch.entries import BatchRunError
from samo.model_store import MODEL_NAMES, ModelNotStored, StoredModel
from samo.settings import Settings


def find_model(name: str) -> StoredModel:
    """Return the model for `name` of `MODEL_NAMES` that serves. Raises `BatchRunError` if none."""
    try:
        return model_store.find_model(MODEL_NAMES[name])
    except ModelNotStored as error:
        raise BatchRunError(str(error)) from None


def tags(settings: Settings) -> dict[str, str]:
    """Return the tags of the models that a run will use, without loading them."""
    if settings.runners == "fake":
        return dict.fromkeys(MODEL_NAMES, "fake")
    return {name: str(find_model(name).tag) for name in MODEL_NAMES}
