"""Checks at start that the models are the ones that were exported, and compute what they did.

A model with one byte changed loads and answers, only wrongly: a transcriber hears silence. So every
file is compared with its SHA-256 in the model's metadata, while the models load. That a CPU
computes what the exporting one did is checked with golden inputs, where the model has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runners.errors import StartError
from runners.summarizer.summarizer import Summarizer
from samo.hashing import sha256

GOLDEN_FILE: Final = "golden.json"
# int8 rounds otherwise on another CPU, and a choice between near words may fall otherwise.
GOLDEN_SHARE: Final = 0.5


def check_files(tag: str, folder: Path, metadata: Mapping[str, Any]) -> None:
    """Raise `StartError` where a file of a model is not the one that was exported."""
    for name, expected in metadata.get("sha256", {}).items():
        path = folder / name
        actual = sha256(path) if path.is_file() else None
        if actual != expected:
            state = "is missing" if actual is None else "was changed since it was exported"
            raise StartError(
                f"{name} of the model {tag} {state}: delete the model with `bentoml models delete "
                f"{tag} -y`, then run `make export`."
            )


def check_golden_sentences(tag: str, folder: Path, summarizer: Summarizer) -> None:
    """Raise `StartError` where the summarizer writes other sentences than when it was exported."""
    path = folder / GOLDEN_FILE
    golden = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    prefix = summarizer.config.prefix
    written = summarizer.generate([summarizer.encode(prefix + sentence) for sentence in golden])
    right = sum(said == expected for said, expected in zip(written, golden.values(), strict=True))
    if right < GOLDEN_SHARE * len(golden):
        raise StartError(
            f"The model {tag} writes {right} of {len(golden)} golden sentences as it did when it "
            "was exported: this CPU computes otherwise. Export it with `export_models.py "
            "summarizer --precision fp32`."
        )
