"""Promote a version of a model, or return to the former one; one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from runners.errors import StartError
from samo.integrity import check_files
from samo.model_store.lookup import (
    ModelNotStored,
    StoredModel,
    find_model,
    find_version,
    version_of,
)
from samo.model_store.pointer import Pointer, versions_folder

_LOCK_FILE: Final = ".promotion.lock"


class PromotionRefused(Exception):
    """The version that serves was not changed; the message says why, and what to do."""


@contextmanager
def promotion_lock(name: str) -> Iterator[None]:
    """Hold the lock of a model; the system releases it if the process dies.

    Raises:
        PromotionRefused: Another process holds it, or the store has no such model.
    """
    path = versions_folder(name) / _LOCK_FILE
    try:
        file = path.open("a", encoding="utf-8")
    except FileNotFoundError:
        raise PromotionRefused(f"The model store has no {name}: run `make export`.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PromotionRefused(
                f"Another promotion of {name} is running: try again when it is done."
            ) from None
        yield


def promote(name: str, version: str) -> StoredModel:
    """Let a version serve from now on; call it with `promotion_lock`.

    Raises:
        PromotionRefused: The version is not in the store, a file of it was changed, or the pointer
            cannot be written.
    """
    try:
        model = find_version(name, version)
        check_files(str(model.tag), Path(model.path), model.info.metadata)
        pointer = Pointer.read(name)
        current = version_of(find_model(name)) if pointer is None else pointer.version
    except StartError as error:
        raise PromotionRefused(str(error)) from None
    if pointer is None or current != version:
        former = pointer.former if pointer else ()
        _write(name, Pointer(version, (*former, current) if current != version else former))
    return model


def roll_back(name: str, check: Callable[[StoredModel], None] = lambda _: None) -> StoredModel:
    """Let the version serve again that did before; call it with `promotion_lock`.

    Versions that were deleted since are passed over.

    Args:
        name: of the model.
        check: is called with the former version, and raises an error if it may not serve.

    Raises:
        PromotionRefused: There is none, or the pointer cannot be written.
    """
    try:
        pointer = Pointer.read(name)
    except StartError as error:
        raise PromotionRefused(str(error)) from None
    former = list(pointer.former) if pointer else []
    while former:
        version = former.pop()
        try:
            model = find_version(name, version)
        except ModelNotStored:
            continue
        check(model)
        _write(name, Pointer(version, tuple(former)))
        return model
    raise PromotionRefused(f"No former version of {name} is left in the store.")


def _write(name: str, pointer: Pointer) -> None:
    try:
        pointer.write(name)
    except OSError as error:
        raise PromotionRefused(
            f"The model store cannot be written ({error.strerror}): nothing was changed."
        ) from None
