"""Check at start that the models are unchanged since their export and compute the same results.

A model with one changed byte may load and then return wrong results. So the SHA-256 of every file
is compared with the model's metadata while the models load. Golden samples, if the model has them,
check that this CPU computes what the exporting CPU did.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runners.errors import StartError
from runners.summarizer.t5 import T5
from samo.hashing import sha256

GOLDEN_FILE: Final = "golden.json"
# int8 rounds differently on another CPU, which may change a choice between similar words.
MIN_GOLDEN_SHARE_AT_START: Final = 0.5


def check_files(tag: str, folder: Path, metadata: Mapping[str, Any]) -> None:
    """Raise `StartError` if a file of a model is missing or differs from the exported file."""
    for name, expected in metadata.get("sha256", {}).items():
        path = folder / name
        actual = sha256(path) if path.is_file() else None
        if actual != expected:
            state = "is missing" if actual is None else "was changed since it was exported"
            raise StartError(
                f"{name} of the model {tag} {state}: delete the model with `bentoml models delete "
                f"{tag} -y`, then run `make export`."
            )


def check_golden_sentences(tag: str, folder: Path, t5: T5) -> None:
    """Raise `StartError` if the T5's output for the golden samples has changed too much."""
    path = folder / GOLDEN_FILE
    golden = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    outputs = t5.generate([t5.encode(t5.config.prefix + sentence) for sentence in golden])
    matches = sum(
        output == expected for output, expected in zip(outputs, golden.values(), strict=True)
    )
    if matches < MIN_GOLDEN_SHARE_AT_START * len(golden):
        raise StartError(
            f"The model {tag} reproduces {matches} of {len(golden)} golden samples: this CPU "
            "computes different results than the one it was exported on. Export it with "
            "`export_models.py summarizer --precision fp32`."
        )
