"""Run a classifier over a whole split: an exported one, or an adapter that was just trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from runners.emotion import EmotionClassifier
from samo.emoji import spell_emoji
from samo.emotions import EmotionScale

BATCH = 32


def neutral_scale(label_names: Sequence[str]) -> EmotionScale:
    """A scale that changes nothing, for a model that is not calibrated yet."""
    return EmotionScale(
        tuple(label_names), np.full(len(label_names), 0.5, dtype=np.float32), 1.0, 1.0
    )


def classify(classifier: EmotionClassifier, texts: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
    """Probabilities of shape (texts, labels), in the order of `texts`, with a progress bar."""
    prepared = [classifier.prepare(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda index: len(prepared[index]))
    probabilities = np.zeros((len(texts), len(classifier.scale.labels)), dtype=np.float64)
    for start in tqdm(range(0, len(order), BATCH), desc="classifying", unit="batch"):
        rows = order[start : start + BATCH]
        probabilities[rows] = classifier.predict([prepared[row] for row in rows])
    return np.clip(probabilities, 1e-7, 1 - 1e-7)


def adapter_logits(adapter: Path, texts: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
    """Logits of shape (texts, labels) that a run's `adapter` gives, before any calibration."""
    import torch
    from peft import PeftModel
    from transformers import AutoTokenizer

    from samo.weights import resolve
    from training.emotion.model import EmotionClassifier as TorchClassifier
    from training.emotion.trainer import MAX_TOKENS, PAD_TO_MULTIPLE_OF, RUN, bf16_is_fast

    run = json.loads((adapter / RUN).read_text(encoding="utf-8"))
    base = str(resolve(run["model_name"]))
    tokenizer = AutoTokenizer.from_pretrained(base)
    classifier = TorchClassifier.from_encoder(base, run["labels"], layers=run["layers"])
    model = PeftModel.from_pretrained(classifier, adapter).merge_and_unload().eval()
    spelled = [spell_emoji(text)[0] for text in texts]
    encoded = tokenizer(spelled, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index]))
    logits = np.zeros((len(texts), len(run["labels"])))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
        for start in tqdm(range(0, len(order), BATCH), desc=adapter.parent.name, unit="batch"):
            rows = order[start : start + BATCH]
            batch = tokenizer.pad(
                {"input_ids": [encoded[row] for row in rows]},
                pad_to_multiple_of=PAD_TO_MULTIPLE_OF,
                return_tensors="pt",
            )
            logits[rows] = model(**batch).logits.float().numpy()
    return logits
