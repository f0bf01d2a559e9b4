"""Batches of token ids and targets for training and for inference with PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from runners.emotion.classifier import Span, is_hidden
from runners.text.emoji import spell_emoji
from training.arrays import Array
from training.emotion.data import LabelledTexts

# oneDNN compiles its kernels for each new shape. Multiples of 8 limit the number of shapes.
PAD_TO_MULTIPLE_OF: Final = 8
# 99.9 % of GoEmotions' training comments are shorter.
MAX_TOKENS: Final = 64
# Texts are sorted by length within blocks of this many batches.
SORTED_BATCHES: Final = 50


def tokenize(
    texts: Sequence[str], tokenizer: Any, hidden: Sequence[tuple[Span, ...]] = ()
) -> list[list[int]]:
    """Token ids of texts, truncated to `MAX_TOKENS`; emoji are spelled out as in the service.

    Tokens of the `hidden` parts of each text are replaced by mask tokens.
    """
    spelled = [spell_emoji(text) for text in texts]
    encodings = tokenizer(
        [text for text, _ in spelled],
        truncation=True,
        max_length=MAX_TOKENS,
        return_offsets_mapping=bool(hidden),
    )
    ids: list[list[int]] = encodings["input_ids"]
    for row, spans in enumerate(hidden):
        if spans:
            tokens = np.asarray(ids[row])
            offsets, origins = encodings["offset_mapping"][row], spelled[row][1]
            tokens[is_hidden(offsets, origins, spans)] = tokenizer.mask_token_id
            ids[row] = tokens.tolist()
    return ids


def pad(ids: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Return `input_ids` and `attention_mask` of shape (texts, tokens) on the device."""
    longest = max(len(tokens) for tokens in ids)
    width = -(-longest // PAD_TO_MULTIPLE_OF) * PAD_TO_MULTIPLE_OF
    padded = np.full((len(ids), width), pad_id, dtype=np.int64)
    mask = np.zeros_like(padded)
    for row, tokens in enumerate(ids):
        padded[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {
        "input_ids": torch.from_numpy(padded).to(device, non_blocking=True),
        "attention_mask": torch.from_numpy(mask).to(device, non_blocking=True),
    }


class Batches:
    """Labelled texts in batches of similar length, which are shuffled in each epoch."""

    def __init__(self, split: LabelledTexts, tokenizer: Any, batch_size: int, seed: int) -> None:
        self._ids = tokenize(split.texts, tokenizer, split.hidden)
        self._lengths = np.asarray([len(ids) for ids in self._ids])
        self._targets = split.labels
        self._pad_id = int(tokenizer.pad_token_id)
        self._batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self._ids) // self._batch_size)

    def indices(self, epoch: int) -> list[Array]:
        """Return the indices of the texts of each batch; they depend only on seed and epoch."""
        rng = np.random.default_rng((self._seed, epoch))
        order = rng.permutation(len(self._ids))
        block = SORTED_BATCHES * self._batch_size
        batches: list[Array] = []
        for start in range(0, len(order), block):
            rows = order[start : start + block]
            rows = rows[np.argsort(self._lengths[rows], kind="stable")]
            batches += [
                rows[i : i + self._batch_size] for i in range(0, len(rows), self._batch_size)
            ]
        return [batches[index] for index in rng.permutation(len(batches))]

    def batch(
        self, indices: Array, device: torch.device
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return the model's inputs of shape (batch, tokens) and targets of (batch, outputs)."""
        inputs = pad([self._ids[index] for index in indices], self._pad_id, device)
        return inputs, torch.from_numpy(self._targets[indices]).to(device, non_blocking=True)
