"""The last layer of an exported int8 classifier: read it, compute with it, replace it.

The graph rounds the pooled vector to uint8 and multiplies it with int8 weights, one scale for each
output. A new head keeps that form, so that the graph and its speed stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np
import onnx
from onnx import numpy_helper

from exporting.errors import ExportError
from training.arrays import Array

# The largest weight of each output becomes this integer: 7 bits, as exporting/quantization.py
# rounds all weights.
LARGEST_INTEGER: Final = 64


@dataclass(frozen=True)
class HeadNames:
    """Names in the graph: of the head's inputs, and of its product's four initializers."""

    pooled: str
    pooled_scale: str
    pooled_zero_point: str
    weights: str
    scales: str
    biases: str

    @classmethod
    def find(cls, graph: onnx.GraphProto) -> Self:
        """Find the product that computes the output "logits".

        Raises:
            ExportError: The graph was not exported in int8.
        """
        for node in graph.node:
            if "logits" in node.output and node.op_type == "MatMulIntegerToFloat":
                pooled, weights, pooled_scale, scales, zero_point, _, biases = node.input
                return cls(pooled, pooled_scale, zero_point, weights, scales, biases)
        raise ExportError(
            "The head of this model cannot be replaced: export it in int8 with `make export`."
        )


@dataclass(frozen=True)
class Head:
    """The last layer.

    Attributes:
        integers: int8 weights of shape (hidden size, outputs).
        scales: float32 of shape (outputs,); a weight is its integer times the output's scale.
        biases: float32 of shape (outputs,).
        pooled_scale: of the pooled vectors.
        pooled_zero_point: of the pooled vectors.

    """

    integers: Array
    scales: Array
    biases: Array
    pooled_scale: np.float32
    pooled_zero_point: int

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the head of an exported model. Raises `ExportError` if it is not in int8."""
        graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
        names = HeadNames.find(graph)
        values = {one.name: one for one in graph.initializer}

        def read(name: str) -> Array:
            return _read(values[name], folder)

        return cls(
            integers=read(names.weights),
            scales=read(names.scales),
            biases=read(names.biases),
            pooled_scale=np.float32(read(names.pooled_scale)),
            pooled_zero_point=int(read(names.pooled_zero_point)),
        )

    @property
    def weights(self) -> Array:
        """The weights as numbers, float64 of shape (hidden size, outputs)."""
        return np.asarray(self.integers.astype(np.float64) * self.scales.astype(np.float64))

    def inputs(self, pooled: Array) -> Array:
        """Pooled vectors as numbers, float32 of the same shape; `pooled` has dtype uint8."""
        centered = pooled.astype(np.float32) - np.float32(self.pooled_zero_point)
        return np.asarray(centered * self.pooled_scale)

    def logits(self, pooled: Array) -> Array:
        """Logits as the graph computes them, float32 of shape (texts, outputs)."""
        # products of these integers and their sums are exact in float32's 24 bits
        sums = (pooled.astype(np.float32) - self.pooled_zero_point) @ self.integers.astype(
            np.float32
        )
        return np.asarray(sums * (self.pooled_scale * self.scales) + self.biases)

    def with_outputs(self, columns: Array, weights: Array, biases: Array) -> Head:
        """Replace the outputs `columns`; their weights are rounded as at the export.

        Args:
            columns: indices of the outputs.
            weights: of shape (hidden size, columns).
            biases: of shape (columns,).
        """
        integers, scales, all_biases = (
            values.copy() for values in (self.integers, self.scales, self.biases)
        )
        step = np.maximum(np.abs(weights).max(axis=0), 1e-9) / LARGEST_INTEGER
        scales[columns] = step.astype(np.float32)
        rounded = np.rint(weights / scales[columns])
        integers[:, columns] = np.clip(rounded, -LARGEST_INTEGER, LARGEST_INTEGER).astype(np.int8)
        all_biases[columns] = biases.astype(np.float32)
        return replace(self, integers=integers, scales=scales, biases=all_biases)

    def write_graph(self, folder: Path, target: Path) -> None:
        """Write the graph of the model in `folder` with this head to the file `target`.

        The weights of the encoder stay in `model.onnx.data`, which `target` needs beside it.
        """
        model = onnx.load(folder / "model.onnx", load_external_data=False)
        names = HeadNames.find(model.graph)
        new = {names.weights: self.integers, names.scales: self.scales, names.biases: self.biases}
        for initializer in model.graph.initializer:
            if initializer.name in new:
                value = np.ascontiguousarray(new[initializer.name])
                initializer.CopyFrom(numpy_helper.from_array(value, initializer.name))
        target.write_bytes(model.SerializeToString())


def _read(initializer: onnx.TensorProto, folder: Path) -> Array:
    """A constant of the graph or of the file beside it.

    onnx reads no file with several hard links, such as that of a version that was retrained.
    """
    if initializer.data_location != onnx.TensorProto.EXTERNAL:
        return np.asarray(numpy_helper.to_array(initializer))
    place = {entry.key: entry.value for entry in initializer.external_data}
    dtype = onnx.helper.tensor_dtype_to_np_dtype(initializer.data_type)
    values = np.fromfile(
        folder / place["location"],
        dtype,
        count=int(np.prod(initializer.dims)),
        offset=int(place.get("offset", 0)),
    )
    return values.reshape(tuple(initializer.dims))
