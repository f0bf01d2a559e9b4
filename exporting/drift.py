"""The reference of drift: from a checkpoint's folder to the model that is exported from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from exporting.errors import ExportError
from runners.emotion.calibration import EmotionCalibration
from samo.drift.creation import REFERENCE_FILE
from samo.drift.records import DamagedRecordError, read_reference, write_reference
from samo.hashing import sha256

# Files of a checkpoint that its predictions depend on.
_CHECKPOINT_FILES: Final = ("adapter_model.safetensors", "calibration.json")
# Files of an exported model that its predictions depend on.
_MODEL_FILES: Final = ("model.onnx", "model.onnx.data", "tokenizer.json", "calibration.json")


def checkpoint_identity(checkpoint: Path) -> dict[str, str]:
    """SHA-256 of the files that the checkpoint's predictions depend on."""
    return {name: sha256(checkpoint / name) for name in _CHECKPOINT_FILES}


def model_identity(folder: Path) -> dict[str, str]:
    """SHA-256 of the files that the exported model's predictions depend on."""
    return {name: sha256(folder / name) for name in _MODEL_FILES if (folder / name).is_file()}


def write_drift_reference(checkpoint: Path, exported: Path) -> bool:
    """Copy the checkpoint's reference to its exported model, with the hashes of that model.

    Returns whether the checkpoint has one. Without it the service does not measure drift.

    Raises:
        ExportError: The reference is damaged, or of another checkpoint.
    """
    path = checkpoint / REFERENCE_FILE
    if not path.is_file():
        return False
    try:
        reference = read_reference(path, EmotionCalibration.load(exported / "calibration.json"))
    except DamagedRecordError as error:
        raise ExportError(f"{path} cannot be used: {error}.") from None
    if reference.model != checkpoint_identity(checkpoint):
        raise ExportError(
            f"{path} is of another checkpoint: make it with `python -m training.drift.reference`, "
            "or delete it."
        )
    bound = replace(reference, model=model_identity(exported))
    (exported / REFERENCE_FILE).write_text(write_reference(bound), encoding="utf-8")
    return True
