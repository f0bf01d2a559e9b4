"""Dynamic int8 for a transformer's linear layers that is right on every CPU.

Two things make plain `quantize_dynamic` unfit for an encoder:

- Its activations have a few channels with huge values, and one scale a tensor cannot hold those
  and all others. So a channel is divided by the square root of how far it stands out and its row
  of the weights multiplied by the same, as in SmoothQuant (Xiao et al., 2023): both sides then
  bear half of it. In the middle of the feed-forward network that does not suffice: there the
  highest channels, 2 %, are multiplied in float, as in LLM.int8() (Dettmers et al., 2022), which
  takes longer. How far each channel stands out is found once, on training texts, and stored
  beside the checkpoint.
- Without VNNI a CPU sums pairs of products in 16 bits, which overflow where weights use all of
  8 bits: the same file gives other answers on another machine. With 7 bits (`reduce_range`) no
  pair can overflow, and every CPU computes the same integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

# Name of a linear layer's input in the graph → what its channels are divided by, shape (channels,).
Smoothing = dict[str, npt.NDArray[np.float16]]
# Name of such an input → its channels that stay in float, ascending.
Outliers = dict[str, list[int]]

# A channel is an outlier where it reaches so many times the median channel's largest value,
OUTLIER_RATIO: Final = 2.0
# and is among the highest of its tensor.
OUTLIER_SHARE: Final = 1 / 48


def find_channels(
    float_model: Path, texts: Iterable[npt.NDArray[np.int64]]
) -> tuple[Smoothing, Outliers]:
    """Run `texts`, token ids of shape (tokens,), and find the channels that stand out.

    A channel's divisor is the square root of the ratio of its largest value to the median
    channel's, and 1 for those below. Layers that are narrower than their input have outliers
    instead.
    """
    model = onnx.load(float_model)
    weights = {one.name: one.dims for one in model.graph.initializer}
    # input of each layer → whether the layer is narrower
    narrowing = {
        node.input[0]: weights[node.input[1]][0] > weights[node.input[1]][1]
        for node in _linear_layers(model.graph)
    }
    names = list(narrowing)
    for name in names:
        model.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    largest: dict[str, npt.NDArray[np.float32]] = {}
    for ids in texts:
        activations = session.run(
            names, {"input_ids": ids[None], "attention_mask": np.ones_like(ids[None])}
        )
        for name, values in zip(names, activations, strict=True):
            channels = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, channels), channels)
    smoothing: Smoothing = {}
    outliers: Outliers = {}
    for name, channels in largest.items():
        ratios = channels / np.median(channels)
        if narrowing[name]:
            highest = np.argsort(-channels, kind="stable")[: round(len(channels) * OUTLIER_SHARE)]
            far = ratios[highest] > OUTLIER_RATIO
            outliers[name] = sorted(int(channel) for channel in highest[far])
        else:
            smoothing[name] = np.sqrt(np.maximum(ratios, 1.0)).astype(np.float16)
    return smoothing, {name: channels for name, channels in outliers.items() if channels}


def quantize(float_model: Path, target: Path, smoothing: Smoothing, outliers: Outliers) -> None:
    """Write `float_model` to `target` with int8 weights, one scale an output channel.

    Activations are divided by `smoothing` and quantized at run time, one scale a tensor; the
    channels in `outliers` are multiplied in float and added. Raises `ValueError` for an input that
    no linear layer has.
    """
    model = onnx.load(float_model)
    inputs = {node.input[0] for node in _linear_layers(model.graph)}
    unknown = (smoothing.keys() | outliers.keys()) - inputs
    if unknown:
        raise ValueError(f"no linear layer has the inputs {sorted(unknown)}")
    _smooth(model.graph, smoothing)
    exact = _split_outliers(model.graph, outliers)
    prepared = target.with_suffix(".prepared.onnx")
    onnx.save(model, prepared)
    quantize_dynamic(
        prepared,
        target,
        per_channel=True,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        nodes_to_exclude=exact,
    )
    prepared.unlink()


def _linear_layers(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    matrices = {initializer.name for initializer in graph.initializer if len(initializer.dims) == 2}
    return [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in matrices]


def _smooth(graph: onnx.GraphProto, smoothing: Smoothing) -> None:
    """x·W → (x / s)·(s·W), the division as a product with 1 / s."""
    layers = {node.name: node for node in _linear_layers(graph)}
    weights = {initializer.name: initializer for initializer in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    divided: set[str] = set()
    for node in graph.node:
        source = node.input[0] if node.name in layers else None
        if source in smoothing:
            divisor = smoothing[source].astype(np.float32)
            if source not in divided:
                divided.add(source)
                factor = numpy_helper.from_array(1.0 / divisor, f"{source}/factor")
                graph.initializer.append(factor)
                nodes.append(
                    helper.make_node(
                        "Mul", [source, factor.name], [f"{source}/smooth"], name=f"{source}/divide"
                    )
                )
            node.input[0] = f"{source}/smooth"
            weight = weights[node.input[1]]
            matrix = numpy_helper.to_array(weight) * divisor[:, None]
            weight.CopyFrom(numpy_helper.from_array(matrix, weight.name))
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def _split_outliers(graph: onnx.GraphProto, outliers: Outliers) -> list[str]:
    """x·W → (x without outliers)·W + (outliers of x)·(their rows of W); names of the latter."""
    layers = _linear_layers(graph)
    weights = {initializer.name: initializer for initializer in graph.initializer}
    by_name = {node.name: node for node in layers if node.input[0] in outliers}
    nodes: list[onnx.NodeProto] = []
    exact: list[str] = []
    divided: set[str] = set()
    for node in graph.node:
        if node.name not in by_name:
            nodes.append(node)
            continue
        (source, weight), (product,) = node.input, node.output
        channels = np.asarray(outliers[source], dtype=np.int64)
        matrix = numpy_helper.to_array(weights[weight])
        if source not in divided:
            divided.add(source)
            nodes += _divide(graph, source, channels, len(matrix))
        _add_constant(graph, f"{weight}/outliers", np.ascontiguousarray(matrix[channels]))
        others = matrix.copy()
        others[channels] = 0.0
        weights[weight].CopyFrom(numpy_helper.from_array(others, weight))
        exact.append(f"{node.name}/outliers")
        nodes += [
            helper.make_node(
                "MatMul", [f"{source}/others", weight], [f"{product}/others"], name=node.name
            ),
            helper.make_node(
                "MatMul",
                [f"{source}/outliers", f"{weight}/outliers"],
                [f"{product}/outliers"],
                name=exact[-1],
            ),
            helper.make_node(
                "Add",
                [f"{product}/others", f"{product}/outliers"],
                [product],
                name=f"{node.name}/sum",
            ),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    return exact


def _divide(
    graph: onnx.GraphProto, source: str, channels: npt.NDArray[np.int64], width: int
) -> list[onnx.NodeProto]:
    """Nodes that divide `source` into its outliers and the others, with zeros in their place."""
    keep = np.ones(width, dtype=np.float32)
    keep[channels] = 0.0
    _add_constant(graph, f"{source}/keep", keep)
    _add_constant(graph, f"{source}/channels", channels)
    return [
        helper.make_node(
            "Mul", [source, f"{source}/keep"], [f"{source}/others"], name=f"{source}/keep_others"
        ),
        helper.make_node(
            "Gather",
            [source, f"{source}/channels"],
            [f"{source}/outliers"],
            name=f"{source}/take_outliers",
            axis=-1,
        ),
    ]


def _add_constant(graph: onnx.GraphProto, name: str, value: npt.NDArray[Any]) -> None:
    graph.initializer.append(numpy_helper.from_array(value, name))
