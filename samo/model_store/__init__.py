"""The models of BentoML's store, and which version of each serves."""

from samo.model_store.lookup import (
    ModelInfo,
    ModelNotStored,
    StoredModel,
    find_model,
    find_tag,
    find_version,
    served_tag,
    stored_versions,
    version_of,
)
from samo.model_store.pointer import Pointer, promoted_version, versions_folder
from samo.model_store.promotion import PromotionRefused, promote, promotion_lock, roll_back

__all__ = [
    "ModelInfo",
    "ModelNotStored",
    "Pointer",
    "PromotionRefused",
    "StoredModel",
    "find_model",
    "find_tag",
    "find_version",
    "promote",
    "promoted_version",
    "promotion_lock",
    "roll_back",
    "served_tag",
    "stored_versions",
    "version_of",
    "versions_folder",
]
