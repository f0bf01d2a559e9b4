"""Run the network of a training run with PyTorch, before export and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import load_file
from tqdm import tqdm
from transformers import AutoTokenizer

from exporting.emotion_network import EmotionNetwork
from exporting.weights import resolve
from training.arrays import Array
from training.emotion.batches import pad, tokenize
from training.emotion.runs import WEIGHTS_FILE, TrainingRun
from training.hardware import autocast, choose_device

# On a CPU larger batches are not faster.
CPU_BATCH_SIZE: Final = 128
GPU_BATCH_SIZE: Final = 1024


def load_run(folder: Path, device: torch.device) -> tuple[EmotionNetwork, Any]:
    """Load the network of a run's `adapter/` folder, in evaluation mode, and its tokenizer."""
    run = TrainingRun.load(folder)
    base = str(resolve(run.model_name))
    network = EmotionNetwork.from_encoder(base, run.outputs, layers=run.layers)
    if (folder / WEIGHTS_FILE).is_file():
        network.load_state_dict(load_file(folder / WEIGHTS_FILE))
    else:
        network = PeftModel.from_pretrained(network, folder).merge_and_unload()
    return network.eval().to(device), AutoTokenizer.from_pretrained(base)


def run_logits(folder: Path, texts: Sequence[str], device: str = "auto") -> Array:
    """Logits of shape (texts, outputs), float64, of the run whose `adapter/` is `folder`."""
    torch_device = choose_device(device)
    network, tokenizer = load_run(folder, torch_device)
    ids = tokenize(texts, tokenizer)
    order = np.argsort([len(tokens) for tokens in ids], kind="stable")
    batch_size = CPU_BATCH_SIZE if torch_device.type == "cpu" else GPU_BATCH_SIZE
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    rows: list[Array] = []
    for batch in tqdm(batches, desc=folder.parent.name, unit="batch"):
        inputs = pad([ids[index] for index in batch], tokenizer.pad_token_id, torch_device)
        with torch.inference_mode(), autocast(torch_device):
            logits = network(**inputs).logits
        rows.append(logits.float().cpu().numpy().astype(np.float64))
    return np.concatenate(rows)[np.argsort(order)]


def label_logits(folder: Path, texts: Sequence[str], device: str = "auto") -> Array:
    """Logits of the labels only, of shape (texts, labels)."""
    return run_logits(folder, texts, device)[:, : len(TrainingRun.load(folder).labels)]
