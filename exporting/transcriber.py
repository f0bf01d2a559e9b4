"""Export Whisper: quantize a CTranslate2 model to int8, and verify it.

CTranslate2 can quantize when it loads a model, but then the image and every cold start need twice
the bytes. This module does the same quantization once, and only with numpy: from the upstream
checkpoint to a folder that faster-whisper loads.

The binary format is that of `ctranslate2/specs/model_spec.py` (`ModelSpec._serialize`), and so is
the int8 scheme (`LayerSpec._quantize`): each row of a weight is multiplied by 127 / max|row| and
rounded half to even. The factors are stored as `<name>_scale`.
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

from exporting.errors import ExportError
from runners.transcriber.transcriber import Transcriber, TranscriptionRequest
from samo.audio import decode

Precision = Literal["int8", "fp16", "fp32"]

GOLDEN_TRANSCRIPT: Final = (
    "And so my fellow Americans, ask not what your country can do for you,"
    " ask what you can do for your country."
)
"""Transcript of tests/data/jfk.flac by Whisper base."""

# All files since CTranslate2 2.0 have this version.
_BINARY_VERSION: Final = 6
# In the order of the enum DataType in ctranslate2/types.h; 5 is bfloat16, which numpy lacks.
_DTYPES: Final = tuple(np.dtype(name) for name in ("float32", "int8", "int16", "int32", "float16"))


@dataclass(slots=True)
class CTranslate2Model:
    """The content of a CTranslate2 `model.bin`."""

    spec: str
    """Name of the model's specification, such as "WhisperSpec"."""
    revision: int
    """Revision of the specification."""
    variables: dict[str, npt.NDArray[np.generic]]
    """Weights and settings by name, such as "encoder/conv1/weight"."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Names of tied variables, such as the output projection, and the variable that each is."""


def read_model(path: Path) -> CTranslate2Model:
    """Read a CTranslate2 `model.bin` of binary version 6.

    Raises:
        ExportError: the file has another version or an unsupported data type, or is truncated.

    """
    with path.open("rb") as file:
        try:
            (version,) = _unpack(file, "I")
            if version != _BINARY_VERSION:
                raise ExportError(
                    f"{path} has binary version {version}; only {_BINARY_VERSION} is supported."
                )
            spec = _read_string(file)
            revision, count = _unpack(file, "II")
            variables = dict(_read_variable(file) for _ in range(count))
            (alias_count,) = _unpack(file, "I")
            aliases = {_read_string(file): _read_string(file) for _ in range(alias_count)}
        except ValueError as error:
            raise ExportError(
                f"{path} is not a CTranslate2 model, or it is truncated: {error}."
            ) from error
        if file.read(1):
            raise ExportError(f"{path} has data after the end of the model.")
    return CTranslate2Model(spec, revision, variables, aliases)


def write_model(model: CTranslate2Model, path: Path) -> None:
    """Write a CTranslate2 `model.bin` of binary version 6."""
    with path.open("wb") as file:
        file.write(struct.pack("<I", _BINARY_VERSION))
        _write_string(file, model.spec)
        file.write(struct.pack("<II", model.revision, len(model.variables)))
        for name, value in sorted(model.variables.items()):
            _write_string(file, name)
            file.write(struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape))
            file.write(struct.pack("<BI", _DTYPES.index(value.dtype), value.nbytes))
            file.write(value.tobytes())
        file.write(struct.pack("<I", len(model.aliases)))
        for alias, name in sorted(model.aliases.items()):
            _write_string(file, alias)
            _write_string(file, name)


def quantize_rows(
    weight: npt.NDArray[np.floating],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantize a weight of shape (rows, columns) to int8, row by row.

    Returns:
        The int8 weight of the same shape and the float32 factors of shape (rows,):
        `weight ≈ quantized / factors[:, None]`.

    """
    values = weight.astype(np.float32)
    largest = np.abs(values).max(axis=1)
    largest[largest == 0] = 127.0
    scales = (np.float32(127.0) / largest).astype(np.float32)
    return np.rint(values * scales[:, None]).astype(np.int8), scales


def quantize_whisper(source: Path, target: Path, precision: Precision = "int8") -> None:
    """Write the Whisper model in the folder `source` to the new folder `target` in `precision`.

    "int8" quantizes the weights that CTranslate2 quantizes with `compute_type="int8"`: those of the
    embeddings and linear layers. The two convolutions keep their dtype. "fp16" copies the upstream
    weights, "fp32" converts them. The configuration, tokenizer and vocabulary are copied.

    Raises:
        ExportError: `source` is not a Whisper model in CTranslate2's format.

    """
    model = read_model(source / "model.bin")
    if model.spec != "WhisperSpec":
        raise ExportError(f"{source} contains a {model.spec}, not a WhisperSpec.")
    if precision == "int8":
        model.variables = dict(_quantized(model.variables))
    elif precision == "fp32":
        model.variables = {
            name: value.astype(np.float32) if value.dtype.kind == "f" else value
            for name, value in model.variables.items()
        }
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.suffix in {".json", ".txt"}:
            shutil.copyfile(path, target / path.name)
    write_model(model, target / "model.bin")


def verify(
    folder: Path, recording: Path, *, golden: str = GOLDEN_TRANSCRIPT, threads: int = 0
) -> None:
    """Transcribe `recording` with the model in `folder` and compare the words with `golden`.

    Case and punctuation are ignored: they can differ between CPUs, whose int8 products are rounded
    differently.

    Raises:
        ExportError: the words differ.

    """
    transcriber = Transcriber.load(folder, threads=threads)
    request = TranscriptionRequest(decode(recording.read_bytes()).samples, language="en")
    (transcript,) = transcriber.predict([transcriber.prepare(request)])
    if _words(transcript.text) != _words(golden):
        raise ExportError(
            f"The exported transcriber returns {transcript.text!r} for {recording.name}, "
            f"expected {golden!r}."
        )


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def _quantized(
    variables: dict[str, npt.NDArray[np.generic]],
) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    for name, value in variables.items():
        if value.dtype.kind == "f" and value.ndim == 2 and name.endswith("/weight"):
            weight, factors = quantize_rows(value)  # type: ignore[arg-type]  # kind "f" is floating
            yield name, weight
            yield f"{name}_scale", factors
        else:
            yield name, value


def _read(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise ValueError(f"{length} bytes expected, {len(data)} found")
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
        raise ExportError(f"{name} has data type {dtype_id}, which is not supported.")
    data = np.frombuffer(_read(file, num_bytes), dtype=_DTYPES[dtype_id])
    return name, data.reshape(shape)
