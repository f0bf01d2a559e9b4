"""int8 for a transformer's linear layers whose results depend neither on the CPU nor on the batch.

`quantize_dynamic` alone is unfit for an encoder that is served:

- It computes an activation's scale at run time, from the whole batch, so that a text's result
  depends on the texts in its batch. Here every scale is a constant, measured once on training texts
  (`exporting.activations`). That is also faster: no pass over the values to find their range.
- Its activations have a few channels with huge values, and one scale per tensor cannot represent
  those and all others. So each channel is divided by √(channel max / median max) and its row of the
  weights multiplied by the same, as in SmoothQuant (Xiao et al., 2023). In the middle of the
  feed-forward network that is not enough: there the highest channels, 2 %, are multiplied in float,
  as in LLM.int8() (Dettmers et al., 2022), which takes longer.
- Without VNNI, the CPU's int8 dot-product instructions, pairs of products are summed in 16 bits,
  which overflow if weights use all of 8 bits: the same file gives other results on another machine.
  With 7 bits (`reduce_range`) no pair can overflow, and every CPU computes the same integers.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from exporting.activations import Activations, Outliers, Ranges, Smoothing, linear_layers

_CONTRIB_DOMAIN = "com.microsoft"


def quantize(float_model: Path, target: Path, activations: Activations) -> None:
    """Write `float_model` to `target` with int8 weights, one scale per output channel.

    Activations are divided by `activations.smoothing` and quantized with the constant scales that
    `activations.ranges` gives; the channels in `activations.outliers` are multiplied in float.
    Raises `ValueError` for an input that no linear layer has, and for one without a range.
    """
    model = onnx.load(float_model)
    layers = {node.input[0] for node in linear_layers(model.graph)}
    inputs = layers | {node.input[0] for node in linear_layers(model.graph, "Gemm")}
    ranges = activations.ranges.keys()
    unknown = (activations.smoothing.keys() | activations.outliers.keys()) - layers
    if unknown | (ranges - inputs):
        raise ValueError(f"no linear layer has the inputs {sorted(unknown | (ranges - inputs))}")
    if inputs - ranges:
        raise ValueError(f"there is no range of {sorted(inputs - ranges)}")
    _smooth(model.graph, activations.smoothing)
    float_nodes = _split_outliers(model.graph, activations.outliers)
    prepared = target.with_suffix(".prepared.onnx")
    onnx.save(model, prepared)
    quantize_dynamic(
        prepared,
        target,
        per_channel=True,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        nodes_to_exclude=float_nodes,
    )
    prepared.unlink()
    model = onnx.load(target)
    _make_scales_constant(
        model.graph,
        {
            f"{name}/smooth" if name in activations.smoothing else name: bounds
            for name, bounds in activations.ranges.items()
        },
    )
    _fuse_products(model.graph)
    model.opset_import.append(helper.make_opsetid(_CONTRIB_DOMAIN, 1))
    onnx.save(model, target)


def _smooth(graph: onnx.GraphProto, smoothing: Smoothing) -> None:
    """x·W → (x / s)·(s·W), the division as a product with 1 / s."""
    layers = {node.name: node for node in linear_layers(graph)}
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
    """x·W → x·(W without rows of outliers) + (outliers of x)·(their rows); names of the latter.

    The first product's input still has its outliers, which constant scales clip: they meet zeros.
    """
    layers = linear_layers(graph)
    weights = {initializer.name: initializer for initializer in graph.initializer}
    by_name = {node.name: node for node in layers if node.input[0] in outliers}
    nodes: list[onnx.NodeProto] = []
    float_nodes: list[str] = []
    gathered: set[str] = set()
    for node in graph.node:
        if node.name not in by_name:
            nodes.append(node)
            continue
        (source, weight), (product,) = node.input, node.output
        channels = np.asarray(outliers[source], dtype=np.int64)
        matrix = numpy_helper.to_array(weights[weight])
        if source not in gathered:
            gathered.add(source)
            _add_constant(graph, f"{source}/channels", channels)
            nodes.append(
                helper.make_node(
                    "Gather",
                    [source, f"{source}/channels"],
                    [f"{source}/outliers"],
                    name=f"{source}/take_outliers",
                    axis=-1,
                )
            )
        _add_constant(graph, f"{weight}/outliers", np.ascontiguousarray(matrix[channels]))
        others = matrix.copy()
        others[channels] = 0.0
        weights[weight].CopyFrom(numpy_helper.from_array(others, weight))
        float_nodes.append(f"{node.name}/outliers")
        nodes += [
            helper.make_node("MatMul", [source, weight], [f"{product}/others"], name=node.name),
            helper.make_node(
                "MatMul",
                [f"{source}/outliers", f"{weight}/outliers"],
                [f"{product}/outliers"],
                name=float_nodes[-1],
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
    return float_nodes


def _make_scales_constant(graph: onnx.GraphProto, ranges: Ranges) -> None:
    """DynamicQuantizeLinear → QuantizeLinear with a constant scale and zero point."""
    for node in graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            (source,), (quantized, scale, zero_point) = node.input, node.output
            step, offset = _scale(*ranges[source])
            _add_constant(graph, scale, step)
            _add_constant(graph, zero_point, offset)
            node.CopyFrom(
                helper.make_node(
                    "QuantizeLinear", [source, scale, zero_point], [quantized], name=node.name
                )
            )


def _fuse_products(graph: onnx.GraphProto) -> None:
    """MatMulInteger, Cast, Mul by the scales and Add of a bias → MatMulIntegerToFloat.

    ONNX Runtime's optimizer does so only for scales that are computed at run time.
    """
    constants = {initializer.name for initializer in graph.initializer}
    producers = {output: node for node in graph.node for output in node.output}
    consumers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            consumers[name].append(node)
    fused: set[str] = set()
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        (cast,) = consumers[node.output[0]]
        (rescale,) = consumers[cast.output[0]]
        (scales,) = (producers[name] for name in rescale.input if name != cast.output[0])
        fused |= {cast.name, rescale.name, scales.name}
        (product,) = rescale.output
        biases: list[str] = []
        for consumer in consumers[product]:
            if consumer.op_type == "Add":
                biases = [name for name in consumer.input if name in constants]
        if biases:
            (add,) = consumers[product]
            fused.add(add.name)
            (product,) = add.output
        values, weight, zero_point, weight_zero_point = node.input
        node.CopyFrom(
            helper.make_node(
                "MatMulIntegerToFloat",
                [values, weight, *scales.input, zero_point, weight_zero_point, *biases],
                [product],
                name=node.name,
                domain=_CONTRIB_DOMAIN,
            )
        )
    nodes = [node for node in graph.node if node.name not in fused]
    del graph.node[:]
    graph.node.extend(nodes)


def _scale(low: float, high: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Scale and zero point with which uint8 represents the range and zero exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / 255)
    return np.asarray(scale), np.asarray(round(-low / float(scale)), dtype=np.uint8)


def _add_constant(graph: onnx.GraphProto, name: str, value: npt.NDArray[Any]) -> None:
    graph.initializer.append(numpy_helper.from_array(value, name))
