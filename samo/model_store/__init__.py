"""The models of BentoML's store, and which version of each serves."""

from samo.model_store.lookup import (
    MODEL_NAMES,
    ModelInfo,
    ModelNotStored,
    StoredModel,
    find_model,
    served_tag,
)

__all__ = [
    "MODEL_NAMES",
    "ModelInfo",
    "ModelNotStored",
    "StoredModel",
    "find_model",
    "served_tag",
]
