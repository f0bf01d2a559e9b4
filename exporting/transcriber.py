"""Whisper for the disk: an int8 copy of a CTranslate2 checkpoint, and the proof that it works.

CTranslate2 can quantize while it loads, but then the image carries, and every start reads, twice
the bytes. This module does the same quantization once, with numpy alone: the upstream checkpoint
goes in, a folder that faster-whisper loads comes out.

The binary format is that of `ctranslate2/specs/model_spec.py` (`ModelSpec._serialize`), and so is
the int8 scheme (`LayerSpec._quantize`): a row of a weight is multiplied by 127 / max|row|, rounded
to the nearest even integer, and the factor is kept beside it as `<name>_scale`.
"""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal

import numpy as np
import numpy.typing as npt

from runners.transcriber.transcriber import Transcriber, TranscriptionRequest
from samo.audio import decode

Precision = Literal["int8", "fp16", "fp32"]

GOLDEN: Final = (
    "And so my fellow Americans, ask not what your country can do for you,"
    " ask what you can do for your country."
)
"""What Whisper base hears in tests/data/jfk.flac."""

# The writer's version 6 is the only one read here: every file since CTranslate2 2.0 has it.
_BINARY_VERSION: Final = 6
# In the order of the DataType enum of ctranslate2/types.h; 5 is bfloat16, which numpy lacks.
_DTYPES: Final = tuple(np.dtype(name) for name in ("float32", "int8", "int16", "int32", "float16"))


class CheckpointError(Exception):
    """A checkpoint cannot be read or converted, or hears something else than it should."""


@dataclass(slots=True)
class Checkpoint:
    """The content of a CTranslate2 `model.bin`."""

    spec: str
    """Name of the model's specification, such as "WhisperSpec"."""
    revision: int
    """Revision of that specification."""
    variables: dict[str, npt.NDArray[np.generic]]
    """Every weight and setting by name, such as "encoder/conv1/weight"."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Names that stand for another variable, such as the tied output projection."""


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a CTranslate2 `model.bin` of binary version 6.

    Raises:
        CheckpointError: The file has another version, a data type numpy lacks, or is cut short.

    """
    with path.open("rb") as file:
        try:
            (version,) = _unpack(file, "I")
            if version != _BINARY_VERSION:
                raise CheckpointError(
                    f"{path}: binary version {version}; only {_BINARY_VERSION} is read here"
                )
            spec = _read_string(file)
            revision, count = _unpack(file, "II")
            variables = dict(_read_variable(file) for _ in range(count))
            (alias_count,) = _unpack(file, "I")
            aliases = {_read_string(file): _read_string(file) for _ in range(alias_count)}
        except ValueError as error:
            raise CheckpointError(f"{path}: no CTranslate2 model, or cut short: {error}") from error
        if file.read(1):
            raise CheckpointError(f"{path}: goes on after its end")
    return Checkpoint(spec, revision, variables, aliases)


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a CTranslate2 `model.bin` of binary version 6."""
    with path.open("wb") as file:
        file.write(struct.pack("<I", _BINARY_VERSION))
        _write_string(file, checkpoint.spec)
        file.write(struct.pack("<II", checkpoint.revision, len(checkpoint.variables)))
        for name, value in sorted(checkpoint.variables.items()):
            _write_string(file, name)
            file.write(struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape))
            file.write(struct.pack("<BI", _DTYPES.index(value.dtype), value.nbytes))
            file.write(value.tobytes())
        file.write(struct.pack("<I", len(checkpoint.aliases)))
        for alias, name in sorted(checkpoint.aliases.items()):
            _write_string(file, alias)
            _write_string(file, name)


def quantize_rows(
    weight: npt.NDArray[np.floating],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantize a weight of shape (rows, columns) to int8, row by row.

    Returns:
        The int8 weight of the same shape, and the float32 scales of shape (rows,) by which it
        was multiplied: `weight ≈ quantized / scales[:, None]`.

    """
    values = weight.astype(np.float32)
    largest = np.abs(values).max(axis=1)
    largest[largest == 0] = 127.0
    scales = (np.float32(127.0) / largest).astype(np.float32)
    return np.rint(values * scales[:, None]).astype(np.int8), scales


def quantize_whisper(source: Path, target: Path, precision: Precision = "int8") -> None:
    """Write the CTranslate2 Whisper in `source` to the new folder `target` in `precision`.

    "int8" quantizes exactly the weights that CTranslate2 itself would at load time with
    `compute_type="int8"`: the embeddings and linear layers, not the two convolutions. What stays
    floating is kept as it is. "fp16" copies the upstream checkpoint, "fp32" widens it. The other
    files of the folder (config, tokenizer, vocabulary) are copied.

    Raises:
        CheckpointError: `source` is no Whisper in CTranslate2's format.

    """
    checkpoint = read_checkpoint(source / "model.bin")
    if checkpoint.spec != "WhisperSpec":
        raise CheckpointError(f"{source} holds a {checkpoint.spec}, not a WhisperSpec")
    if precision == "int8":
        checkpoint.variables = dict(_quantized(checkpoint.variables))
    elif precision == "fp32":
        checkpoint.variables = {
            name: value.astype(np.float32) if value.dtype.kind == "f" else value
            for name, value in checkpoint.variables.items()
        }
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.suffix in {".json", ".txt"}:
            shutil.copyfile(path, target / path.name)
    write_checkpoint(checkpoint, target / "model.bin")


def verify(folder: Path, recording: Path, *, golden: str = GOLDEN, threads: int = 0) -> None:
    """Transcribe `recording` with the model in `folder` and compare the words with `golden`.

    Case and punctuation do not count: they may fall otherwise on another processor, whose int8
    products round differently.

    Raises:
        CheckpointError: The words differ.

    """
    transcriber = Transcriber.load(folder, threads=threads)
    request = TranscriptionRequest(decode(recording.read_bytes()).samples, language="en")
    (transcript,) = transcriber.predict([transcriber.prepare(request)])
    if _words(transcript.text) != _words(golden):
        raise CheckpointError(
            f"{folder} hears {transcript.text!r} in {recording.name}, not {golden!r}"
        )


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def _quantized(
    variables: dict[str, npt.NDArray[np.generic]],
) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    for name, value in variables.items():
        if value.dtype.kind == "f" and value.ndim == 2 and name.endswith("/weight"):
            weight, scales = quantize_rows(value)  # type: ignore[arg-type]  # kind "f" is floating
            yield name, weight
            yield f"{name}_scale", scales
        else:
            yield name, value


def _read(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise ValueError(f"{length} bytes announced, {len(data)} there")
    return data


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    layout = f"<{layout}"
    return struct.unpack(layout, _read(file, struct.calcsize(layout)))


def _read_string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "H")
    return _read(file, length).rstrip(b"\0").decode()


def _write_string(file: BinaryIO, text: str) -> None:
    encoded = text.encode() + b"\0"
    file.write(struct.pack("<H", len(encoded)) + encoded)


def _read_variable(file: BinaryIO) -> tuple[str, npt.NDArray[np.generic]]:
    name = _read_string(file)
    (rank,) = _unpack(file, "B")
    shape = _unpack(file, f"{rank}I")
    dtype_id, num_bytes = _unpack(file, "BI")
    if dtype_id >= len(_DTYPES):
        raise CheckpointError(f"{name} has data type {dtype_id}, which is not read here")
    data = np.frombuffer(_read(file, num_bytes), dtype=_DTYPES[dtype_id])
    return name, data.reshape(shape)
