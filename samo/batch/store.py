"""Find models in the BentoML model store."""

from __future__ import annotations

from samo import model_store
from samo.batch.entries import BatchRunError
from samo.model_store import ModelNotStored, StoredModel
from samo.settings import Settings


def find_model(settings: Settings, name: str) -> StoredModel:
    """The model for `name` of `settings.model_names` that serves.

    Raises `BatchRunError` if there is none.
    """
    try:
        return model_store.find_model(settings.model_names[name])
    except ModelNotStored as error:
        raise BatchRunError(str(error)) from None


def tags(settings: Settings) -> dict[str, str]:
    """Return the tags of the models that a run will use, without loading them."""
    if settings.runners == "fake":
        return dict.fromkeys(settings.model_names, "fake")
    return {name: str(find_model(settings, name).tag) for name in settings.model_names}
