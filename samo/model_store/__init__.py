"""The models of BentoML's store, and which version of each serves."""

from samo.model_store.lookup import (
    ModelInfo,
    ModelNotStored,
    StoredModel,
    find_model,
    find_tag,
    served_tag,
)

__all__ = [
    "ModelInfo",
    "ModelNotStored",
    "StoredModel",
    "find_model",
    "find_tag",
    "served_tag",
]
