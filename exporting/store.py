"""The BentoML model store: look models up, decide whether to export again, store an export."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import bentoml

from exporting.errors import ExportError
from exporting.weights import UPSTREAM, WHISPER_BASE, WeightsSource
from samo import model_store
from samo.hashing import sha256

Precision = Literal["int8", "fp32"]

ROOT: Final = Path(__file__).parents[1]
# Exported without --checkpoint.
DEFAULT_CHECKPOINTS: Final = {
    "transcriber": WHISPER_BASE.repository,
    "emotion": str(ROOT / "checkpoints" / "emotion"),
    "emotion-small": str(ROOT / "checkpoints" / "emotion-small"),
    "summarizer": str(ROOT / "checkpoints" / "summarizer"),
}
# Part of each fingerprint: increase it to have every model exported again.
RECIPE_VERSION: Final = 2


@dataclass(frozen=True)
class ExportRequest:
    """The model to export and the options."""

    model: str
    checkpoint: str
    source: WeightsSource
    precision: Precision
    exporter: Literal["auto", "optimum"]

    @property
    def is_default(self) -> bool:
        """Whether `make export` would make the same request."""
        default = DEFAULT_CHECKPOINTS[self.model]
        return (self.checkpoint, self.precision) == (default, "int8")

    @property
    def checkpoint_name(self) -> str:
        """The hub id, or the local folder without the path to it."""
        path = Path(self.checkpoint)
        if not path.is_dir():
            return self.checkpoint
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name

    def fingerprint(self) -> str:
        """Hash of everything that the exported files depend on."""
        digest = hashlib.sha256(
            f"{RECIPE_VERSION} {self.model} {self.precision} {self.exporter}".encode()
        )
        upstream = UPSTREAM.get(self.checkpoint)
        if upstream is not None:
            digest.update(json.dumps(upstream.files, sort_keys=True).encode())
        elif Path(self.checkpoint).is_dir():
            for path in sorted(Path(self.checkpoint).rglob("*")):
                if path.is_file() and path.suffix != ".md":
                    digest.update(path.name.encode() + path.read_bytes())
        else:
            digest.update(self.checkpoint.encode())
        return digest.hexdigest()[:32]


@dataclass
class FinishedExport:
    """An exported and verified model that is not in the store yet.

    `size_before` is the size of the source in bytes; `parity` says how the model was verified.
    """

    folder: Path
    size_before: int
    parity: str
    metadata: dict[str, Any] = field(default_factory=dict)


def find_exported(name: str) -> bentoml.Model | None:
    """Return the newest export of this name, such as "samo-emotion"; None if there is none.

    What `samo retrain` wrote is no export.
    """
    return next(
        (
            model
            for model in model_store.stored_versions(name)
            if model.info.labels.get("checkpoint") != "retrained"
        ),
        None,
    )


def model_folder(name: str) -> Path:
    """Return the folder of the model of this name that serves: the promoted or the newest one.

    Raises `ExportError` if there is none.
    """
    try:
        return Path(model_store.find_model(name).path)
    except model_store.ModelNotStored as error:
        raise ExportError(str(error)) from None


def find_existing(request: ExportRequest) -> bentoml.Model | None:
    """Return the newest export in the store if it makes another one unnecessary.

    It does if it has the same fingerprint. A model from a custom checkpoint also makes the default
    export unnecessary, so that `make serve` does not replace it.
    """
    model = find_exported(f"samo-{request.model}")
    if model is None:
        return None
    is_custom = model.info.labels.get("checkpoint") == "own"
    is_same = model.info.labels.get("fingerprint") == request.fingerprint()
    return model if is_same or (is_custom and request.is_default) else None


def store(request: ExportRequest, export: FinishedExport, seconds: float) -> bentoml.Model:
    """Move a verified export, which took `seconds`, into the model store."""
    with bentoml.models.create(
        f"samo-{request.model}",
        labels={
            "fingerprint": request.fingerprint(),
            "precision": request.precision,
            "checkpoint": "default" if request.is_default else "own",
        },
        metadata={
            "checkpoint": request.checkpoint_name,
            "parity": export.parity,
            "size_bytes": size_bytes(export.folder),
            "export_seconds": round(seconds, 1),
            "versions": {
                name: importlib.metadata.version(name)
                for name in ("bentoml", "ctranslate2", "onnxruntime")
            },
            "sha256": {path.name: sha256(path) for path in sorted(export.folder.iterdir())},
            **export.metadata,
        },
    ) as model:
        for path in export.folder.iterdir():
            shutil.move(path, Path(model.path) / path.name)
    return model


def size_bytes(path: Path) -> int:
    """Size of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
