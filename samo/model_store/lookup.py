"""Find the version of a model that serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from runners.errors import StartError
from samo.model_store.pointer import promoted_version, versions_folder


class ModelNotStored(StartError):
    """The model store does not have a model; the message says what to do."""


class ModelInfo(Protocol):
    """Information that BentoML's store keeps about a model."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What `export_models.py` wrote: origin, metrics, licences, SHA-256 of the files."""
        ...


class StoredModel(Protocol):
    """A model in BentoML's store, whose classes have no types."""

    @property
    def path(self) -> str:
        """Folder of its files."""
        ...

    @property
    def tag(self) -> object:
        """Name and version; its `str` is "name:version"."""
        ...

    @property
    def info(self) -> ModelInfo:
        """Its metadata."""
        ...


def served_tag(name: str) -> str:
    """The tag of the version that serves: the promoted one, or the newest ("name:latest").

    Raises:
        ModelNotStored: The promoted version was deleted.
    """
    version = promoted_version(name)
    if version is None:
        return f"{name}:latest"
    if not (versions_folder(name) / version).is_dir():
        raise ModelNotStored(
            f"{name}:{version} was promoted and then deleted: promote another version, see "
            "`samo models list`."
        )
    return f"{name}:{version}"


def find_model(name: str) -> StoredModel:
    """The model of this name that serves, such as "samo-emotion".

    Raises:
        ModelNotStored: The store has no such model, or lacks the promoted version.
    """
    import bentoml  # slow to import, and not needed for fake runners
    from bentoml.exceptions import NotFound

    try:
        return cast("StoredModel", bentoml.models.get(served_tag(name)))
    except NotFound:
        raise ModelNotStored(f"{name} is not in the model store: run `make export`.") from None


def find_version(name: str, version: str) -> StoredModel:
    """A version of a model, by its complete name. Raises `ModelNotStored` if there is none."""
    import bentoml
    from bentoml.exceptions import BentoMLException

    try:
        model = bentoml.models.get(f"{name}:{version}")
    except BentoMLException:  # not found, or its model.yaml is damaged
        model = None
    if model is None or model.tag.version != version:
        raise ModelNotStored(
            f"{name}:{version} is not in the model store: `samo models list {name}` lists what is."
        )
    return cast("StoredModel", model)


def find_tag(tag: str) -> StoredModel:
    """The model of this tag; without a version, the newest. Raises `ModelNotStored`."""
    import bentoml
    from bentoml.exceptions import BentoMLException

    try:
        return cast("StoredModel", bentoml.models.get(tag))
    except BentoMLException:  # not found, or its model.yaml is damaged
        raise ModelNotStored(f"{tag} is not in the model store.") from None


def stored_versions(name: str) -> list[Any]:
    """All versions of a model as `bentoml.Model`, the newest first."""
    import bentoml
    from bentoml.exceptions import NotFound

    try:
        models = bentoml.models.list(name)
    except NotFound:
        return []
    return sorted(models, key=lambda model: model.creation_time, reverse=True)


def version_of(model: StoredModel) -> str:
    """The version in a model's tag."""
    return str(model.tag).rpartition(":")[2]
