"""Run a classifier over a whole split: an exported one, or an adapter that was just trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from peft import PeftModel
from safetensors.torch import load_file
from tqdm import tqdm
from transformers import AutoTokenizer

from exporting.emotion_network import EmotionNetwork
from exporting.weights import resolve
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from runners.text.emoji import spell_emoji
from training.emotion.trainer import MAX_TOKENS, RUN, WEIGHTS, pad
from training.hardware import bf16_is_fast, choose_device

Array = npt.NDArray[np.floating[Any]]

BATCH = 32
# In bfloat16 all weights are cast for every batch.
TORCH_BATCH = 128
GPU_BATCH = 1024


@dataclass(frozen=True)
class Run:
    """What a run was trained on top of, and the names of its outputs in their order."""

    model_name: str
    layers: int | None
    labels: tuple[str, ...]
    moods: tuple[str, ...]
    contexts: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Read `run.json` of a run's `adapter/` folder."""
        run = json.loads((folder / RUN).read_text(encoding="utf-8"))
        names = (tuple(run.get(field, ())) for field in ("labels", "moods", "contexts"))
        return cls(run["model_name"], run["layers"], *names)

    @property
    def outputs(self) -> list[str]:
        """Labels, then moods, then contexts."""
        return [*self.labels, *self.moods, *self.contexts]


def identity_calibration(label_names: Sequence[str]) -> EmotionCalibration:
    """A calibration that changes nothing, for a model that is not calibrated yet."""
    return EmotionCalibration(tuple(label_names), np.full(len(label_names), 0.5, dtype=np.float32))


def classify(classifier: EmotionClassifier, texts: Sequence[str]) -> Array:
    """Probabilities of shape (texts, labels + moods), in the order of `texts`."""
    prepared = [classifier.prepare(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda index: len(prepared[index]))
    rows: list[Array] = [np.zeros(0)] * len(texts)
    for start in tqdm(range(0, len(order), BATCH), desc="classifying", unit="batch"):
        batch = order[start : start + BATCH]
        predicted = classifier.predict([prepared[row] for row in batch])
        for row, probabilities in zip(batch, predicted, strict=True):
            rows[row] = probabilities.astype(np.float64)
    return np.clip(np.stack(rows), 1e-7, 1 - 1e-7)


def load_run(folder: Path, device: torch.device) -> tuple[EmotionNetwork, Any, Run]:
    """Load a run's `adapter/` folder: the classifier, its tokenizer and what it was trained for."""
    run = Run.read(folder)
    base = str(resolve(run.model_name))
    classifier = EmotionNetwork.from_encoder(base, run.outputs, layers=run.layers)
    if (folder / WEIGHTS).is_file():
        classifier.load_state_dict(load_file(folder / WEIGHTS))
    else:
        classifier = PeftModel.from_pretrained(classifier, folder).merge_and_unload()
    return classifier.eval().to(device), AutoTokenizer.from_pretrained(base), run


def run_logits(folder: Path, texts: Sequence[str], device: str = "auto") -> Array:
    """Logits of shape (texts, outputs) that a run's `adapter/` gives, before any calibration."""
    return _outputs(folder, texts, device, None)


def pooled_vectors(folder: Path, texts: Sequence[str], device: str = "auto") -> Array:
    """Vectors of shape (texts, hidden size) that the head of a run's `adapter/` reads."""
    return _outputs(folder, texts, device, "norm")


def _outputs(folder: Path, texts: Sequence[str], device: str, module: str | None) -> Array:
    """Logits, or what a module of the classifier gives, one row for each text."""
    chosen = choose_device(device)
    model, tokenizer, _ = load_run(folder, chosen)
    seen: list[torch.Tensor] = []
    if module is not None:
        getattr(model, module).register_forward_hook(lambda _module, _input, out: seen.append(out))
    spelled = [spell_emoji(text)[0] for text in texts]
    encoded = tokenizer(spelled, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index]))
    rows_of: list[int] = []
    found: list[Array] = []
    batch_size = TORCH_BATCH if chosen.type == "cpu" else GPU_BATCH
    starts = range(0, len(order), batch_size)
    for start in tqdm(starts, desc=folder.parent.name, unit="batch"):
        rows = order[start : start + batch_size]
        inputs = pad([encoded[row] for row in rows], tokenizer.pad_token_id, chosen)
        with (
            torch.inference_mode(),
            torch.autocast(chosen.type, torch.bfloat16, enabled=bf16_is_fast()),
        ):
            logits = model(**inputs).logits
        found.append((seen.pop() if seen else logits).float().cpu().numpy().astype(np.float64))
        rows_of += rows
    return np.concatenate(found)[np.argsort(rows_of)]


def label_logits(folder: Path, texts: Sequence[str], device: str = "auto") -> Array:
    """As `run_logits`, of the labels alone: shape (texts, labels)."""
    return run_logits(folder, texts, device)[:, : len(Run.read(folder).labels)]
