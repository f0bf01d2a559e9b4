"""Pooled vectors of the served int8 encoder: what its head computes on.

The encoder does not change when a head is trained, so the vector of a text is computed once. Those
of public texts are kept on disk, by the encoder and the SHA-256 of the text; those of users' texts
never are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
from tokenizers import Tokenizer
from tqdm import tqdm

from runners.emotion.classifier import MAX_TOKENS
from runners.text.emoji import spell_emoji
from samo.hashing import sha256
from samo.settings import CacheSettings
from training.arrays import Array
from training.graph_session import session_with_outputs
from training.retraining.head import HeadNames

BATCH_SIZE: Final = 16
# The cache is written after this many texts, so that an interrupted run continues there.
TEXTS_PER_WRITE: Final = 128
_KEY_BYTES: Final = 32


class Encoder:
    """An exported classifier without its head.

    Args:
        folder: of the exported model.
        threads: batches that are computed at the same time.
        cache: folder for the vectors of public texts; by default that of the project.

    """

    def __init__(self, folder: Path, threads: int, cache: Path | None = None) -> None:
        self._folder = folder
        self._threads = threads
        model = onnx.load(folder / "model.onnx", load_external_data=False)
        self._names = HeadNames.find(model.graph)
        self._pad_id, self._tokenizer = _tokenizer(folder / "tokenizer.json")
        self.hidden_size = _hidden_size(model.graph, self._names)
        self.identity = _identity(model, self._names, folder)
        self._cache = _Cache(
            (cache or CacheSettings().folder / "pooled") / f"{self.identity[:32]}.bin",
            self.hidden_size,
        )

    @property
    def vocabulary(self) -> list[str]:
        """The tokens of the tokenizer."""
        return list(self._tokenizer.get_vocab())

    def public_vectors(self, texts: Sequence[str]) -> Array:
        """Pooled vectors of public texts, uint8 of shape (texts, hidden size), kept on disk."""
        known = self._cache.read()
        missing = list(dict.fromkeys(text for text in texts if _key(text) not in known))
        missing.sort(key=len)
        for start in tqdm(range(0, len(missing), TEXTS_PER_WRITE), desc="encoding", unit="block"):
            block = missing[start : start + TEXTS_PER_WRITE]
            vectors = self.vectors(block)
            self._cache.append(map(_key, block), vectors)
            known.update(zip(map(_key, block), vectors, strict=True))
        rows = [known[_key(text)] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.hidden_size), dtype=np.uint8)

    def vectors(self, texts: Sequence[str]) -> Array:
        """Pooled vectors, uint8 of shape (texts, hidden size); nothing is kept."""
        ids = [
            np.asarray(self._tokenizer.encode(spell_emoji(text)[0]).ids, dtype=np.int64)
            for text in texts
        ]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        batches = [order[start : start + BATCH_SIZE] for start in range(0, len(ids), BATCH_SIZE)]
        rows = np.zeros((len(ids), self.hidden_size), dtype=np.uint8)
        session = self._session
        # threads that share operators would synchronize hundreds of times per batch
        with ThreadPoolExecutor(self._threads) as executor:
            computed = executor.map(
                lambda batch: self._run(session, [ids[row] for row in batch]), batches
            )
            for batch, vectors in zip(batches, computed, strict=True):
                rows[batch] = vectors
        return rows

    def _run(self, session: onnxruntime.InferenceSession, batch: Sequence[Array]) -> Array:
        longest = max(map(len, batch))
        input_ids = np.full((len(batch), longest), self._pad_id, dtype=np.int64)
        mask = np.zeros_like(input_ids)
        for row, ids in enumerate(batch):
            input_ids[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        inputs = {"input_ids": input_ids, "attention_mask": mask}
        return np.asarray(session.run([self._names.pooled], inputs)[0])

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        """A session that returns the rounded pooled vectors, the input of the head."""
        model = onnx.load(self._folder / "model.onnx", load_external_data=False)
        return session_with_outputs(model, self._folder, [self._names.pooled])


class _Cache:
    """A file of records of the same length: SHA-256 of a text, then its vector.

    Records are only appended. One that a killed process left incomplete at the end is overwritten.
    """

    def __init__(self, path: Path, hidden_size: int) -> None:
        self._path = path
        self._dtype = np.dtype([("key", f"V{_KEY_BYTES}"), ("vector", np.uint8, (hidden_size,))])

    def read(self) -> dict[bytes, Array]:
        if not self._path.is_file():
            return {}
        data = self._path.read_bytes()
        count = len(data) // self._dtype.itemsize
        records = np.frombuffer(data, dtype=self._dtype, count=count)
        return {bytes(one["key"]): one["vector"] for one in records}

    def append(self, keys: Sequence[bytes] | map[bytes], vectors: Array) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            complete = file.tell() // self._dtype.itemsize * self._dtype.itemsize
            file.truncate(complete)
            file.write(b"".join(k + v.tobytes() for k, v in zip(keys, vectors, strict=True)))


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _tokenizer(path: Path) -> tuple[int, Tokenizer]:
    """The id of padding, and the tokenizer as `EmotionClassifier` sets it up."""
    tokenizer = Tokenizer.from_file(str(path))
    pad_id = tokenizer.padding["pad_id"] if tokenizer.padding else 0
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.encode_special_tokens = True
    return pad_id, tokenizer


def _hidden_size(graph: onnx.GraphProto, names: HeadNames) -> int:
    (weights,) = (one for one in graph.initializer if one.name == names.weights)
    return int(weights.dims[0])


def _identity(model: onnx.ModelProto, names: HeadNames, folder: Path) -> str:
    """SHA-256 of all that the vectors depend on, so that a new head keeps them."""
    stripped = onnx.ModelProto()
    stripped.CopyFrom(model)
    kept = [
        one
        for one in stripped.graph.initializer
        if one.name not in (names.weights, names.scales, names.biases)
    ]
    del stripped.graph.initializer[:]
    stripped.graph.initializer.extend(kept)
    digest = hashlib.sha256(stripped.SerializeToString(deterministic=True))
    for name in ("model.onnx.data", "tokenizer.json"):
        digest.update(sha256(folder / name).encode())
    return digest.hexdigest()
