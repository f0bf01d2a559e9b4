"""Statistics of a network's activations, which int8 quantization is built on.

They are measured once on training texts, by `measure`, and stored next to the checkpoint, so that
an export needs no data and is the same everywhere.

A range that is measured in advance makes scales constant. Scales computed at run time would depend
on the other texts of a batch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import helper
from safetensors.numpy import load_file, save_file

from exporting.errors import ExportError

# Name of a linear layer's input in the graph → divisors of its channels, shape (channels,).
Smoothing = dict[str, npt.NDArray[np.float16]]
# Name of such an input → its channels that are multiplied in float, ascending.
Outliers = dict[str, list[int]]
# Name of such an input → the lowest and the highest value that int8 represents.
Ranges = dict[str, tuple[float, float]]

SMOOTHING_FILE: Final = "smoothing.safetensors"
OUTLIERS_FILE: Final = "outliers.json"
RANGES_FILE: Final = "ranges.json"

# A channel is an outlier if its largest value is this many times the median channel's,
OUTLIER_RATIO: Final = 2.0
# and if it is among this share of the highest channels.
OUTLIER_SHARE: Final = 1 / 48
# Percentage of the texts whose values all lie within the range. The remaining texts have single
# values beyond it, which are clipped: a range that covers every text is coarser for all texts.
RANGE_PERCENTILE: Final = 90.0


@dataclass(frozen=True)
class Activations:
    """Smoothing, outliers and ranges of the inputs of a graph's linear layers."""

    smoothing: Smoothing
    outliers: Outliers
    ranges: Ranges

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the three files. Raises `ExportError` if one is missing."""
        for name in (SMOOTHING_FILE, OUTLIERS_FILE, RANGES_FILE):
            if not (folder / name).is_file():
                raise ExportError(
                    f"{folder} has no {name}: write the folder again with "
                    "training.emotion.publish, or export with --precision fp32."
                )
        ranges = json.loads((folder / RANGES_FILE).read_text(encoding="utf-8"))
        return cls(
            load_file(folder / SMOOTHING_FILE),
            json.loads((folder / OUTLIERS_FILE).read_text(encoding="utf-8")),
            {name: (low, high) for name, (low, high) in ranges.items()},
        )

    def save(self, folder: Path) -> None:
        """Write the three files."""
        save_file(self.smoothing, folder / SMOOTHING_FILE)
        (folder / OUTLIERS_FILE).write_text(json.dumps(self.outliers) + "\n", encoding="utf-8")
        (folder / RANGES_FILE).write_text(
            json.dumps(self.ranges, indent=1) + "\n", encoding="utf-8"
        )


def linear_layers(graph: onnx.GraphProto, op_type: str = "MatMul") -> list[onnx.NodeProto]:
    """Return the graph's products of an activation and a weight matrix.

    The layers of an encoder are nodes of the type MatMul, and its head is a Gemm.
    """
    matrices = {initializer.name for initializer in graph.initializer if len(initializer.dims) == 2}
    return [node for node in graph.node if node.op_type == op_type and node.input[1] in matrices]


def measure(float_model: Path, texts: Iterable[npt.NDArray[np.int64]]) -> Activations:
    """Run `texts`, token ids of shape (tokens,), and measure the inputs of all linear layers.

    A channel's divisor is √(channel max / median max) as in SmoothQuant, and at least 1. Layers
    that are narrower than their input have outliers instead, and a head has neither. Ranges are
    those of the divided values, or of the values without outliers.
    """
    model = onnx.load(float_model)
    shapes = {initializer.name: initializer.dims for initializer in model.graph.initializer}
    is_narrowing = {
        node.input[0]: shapes[node.input[1]][0] > shapes[node.input[1]][1]
        for node in linear_layers(model.graph)
    }
    names = [*is_narrowing, *{node.input[0] for node in linear_layers(model.graph, "Gemm")}]
    lows: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in names}
    highs: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in names}
    for name, values in _layer_inputs(model, names, texts):
        channels = values.reshape(-1, values.shape[-1])
        lows[name].append(channels.min(axis=0))
        highs[name].append(channels.max(axis=0))
    smoothing: Smoothing = {}
    outliers: Outliers = {}
    ranges: Ranges = {}
    for name in names:
        low, high = np.stack(lows[name]), np.stack(highs[name])
        if name in is_narrowing:
            largest = np.maximum(-low, high).max(axis=0)
            ratios = largest / np.median(largest)
            if is_narrowing[name]:
                outliers[name] = _outliers(largest, ratios)
                low, high = (np.delete(bound, outliers[name], axis=1) for bound in (low, high))
            else:
                smoothing[name] = np.sqrt(np.maximum(ratios, 1.0)).astype(np.float16)
                low, high = low / smoothing[name], high / smoothing[name]
        ranges[name] = (
            _rounded(np.percentile(low.min(axis=1), 100.0 - RANGE_PERCENTILE)),
            _rounded(np.percentile(high.max(axis=1), RANGE_PERCENTILE)),
        )
    found = {name: channels for name, channels in outliers.items() if channels}
    return Activations(smoothing, found, ranges)


def _layer_inputs(
    model: onnx.ModelProto, names: list[str], texts: Iterable[npt.NDArray[np.int64]]
) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Run each text and yield its activations by name, shape (1, …, channels)."""
    for name in names:
        model.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for ids in texts:
        activations = session.run(
            names, {"input_ids": ids[None], "attention_mask": np.ones_like(ids[None])}
        )
        yield from zip(names, activations, strict=True)


def _outliers(largest: npt.NDArray[np.float32], ratios: npt.NDArray[np.float32]) -> list[int]:
    highest = np.argsort(-largest, kind="stable")[: round(len(largest) * OUTLIER_SHARE)]
    return sorted(int(channel) for channel in highest[ratios[highest] > OUTLIER_RATIO])


def _rounded(bound: np.floating) -> float:
    """Four significant digits: the steps of int8 are coarser by far."""
    return float(f"{bound:.4g}")
