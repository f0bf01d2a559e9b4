"""Run a classifier over a whole split: an exported one, or an adapter that was just trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from peft import PeftModel
from tqdm import tqdm
from transformers import AutoTokenizer

from runners.emotion import EmotionClassifier
from samo.emoji import spell_emoji
from samo.emotions import EmotionScale
from samo.weights import resolve
from training.emotion.model import EmotionClassifier as TorchClassifier
from training.emotion.trainer import MAX_TOKENS, PAD_TO_MULTIPLE_OF, RUN
from training.hardware import bf16_is_fast

Array = npt.NDArray[np.floating[Any]]

BATCH = 32
# In bfloat16 all weights are cast for every batch.
TORCH_BATCH = 128


def neutral_scale(label_names: Sequence[str]) -> EmotionScale:
    """A scale that changes nothing, for a model that is not calibrated yet."""
    return EmotionScale(
        tuple(label_names), np.full(len(label_names), 0.5, dtype=np.float32), 1.0, 1.0
    )


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


def adapter_logits(adapter: Path, texts: Sequence[str]) -> Array:
    """Logits of shape (texts, labels) that a run's `adapter` gives, before any calibration."""
    labels = json.loads((adapter / RUN).read_text(encoding="utf-8"))["labels"]
    return _module_outputs(adapter, texts, "head")[:, : len(labels)]


def pooled_vectors(adapter: Path, texts: Sequence[str]) -> Array:
    """What the head of a run's `adapter` reads, of shape (texts, hidden size)."""
    return _module_outputs(adapter, texts, "norm")


def _module_outputs(adapter: Path, texts: Sequence[str], module: str) -> Array:
    """Outputs of a module of the classifier that gives a row a text."""
    run = json.loads((adapter / RUN).read_text(encoding="utf-8"))
    base = str(resolve(run["model_name"]))
    tokenizer = AutoTokenizer.from_pretrained(base)
    outputs = [*run["labels"], *run.get("moods", {})]
    classifier = TorchClassifier.from_encoder(base, outputs, layers=run["layers"])
    model = PeftModel.from_pretrained(classifier, adapter).merge_and_unload().eval()
    seen: list[torch.Tensor] = []
    getattr(model, module).register_forward_hook(lambda _module, _input, out: seen.append(out))
    spelled = [spell_emoji(text)[0] for text in texts]
    encoded = tokenizer(spelled, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index]))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
        starts = range(0, len(order), TORCH_BATCH)
        for start in tqdm(starts, desc=adapter.parent.name, unit="batch"):
            batch = [encoded[row] for row in order[start : start + TORCH_BATCH]]
            model(
                **tokenizer.pad(
                    {"input_ids": batch},
                    pad_to_multiple_of=PAD_TO_MULTIPLE_OF,
                    return_tensors="pt",
                )
            )
    rows = torch.cat(seen).float().numpy().astype(np.float64)
    return np.asarray(rows[np.argsort(order)])
