"""The reason head: for each token of a text, how likely a reader says that it shows an emotion.

It is a network with one hidden layer on the hidden states of several encoder layers. It is fitted
after the encoder (`training.emotion.fit_reasons`) and stored beside it, in `reasons.safetensors`:

- `hidden.weight`, float16 of shape (states · hidden size, width), and `hidden.bias`, (width,);
- `output.weight`, float16 of shape (width, labels), and `output.bias`, (labels,).
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from exporting.errors import ExportError
from runners.emotion.classifier import REASON_LOGITS

REASONS_FILE: Final = "reasons.safetensors"
_LAYER_OUTPUT: Final = re.compile(r"/layer\.\d+/output/LayerNorm/LayerNormalization_output_0$")


def hidden_states(graph: onnx.GraphProto) -> list[str]:
    """Names of the hidden states that the head reads, each of shape (batch, tokens, hidden size).

    They are those of every second layer of the upper two thirds, the last one included. Raises
    `ExportError` if the encoder's layers are not found.
    """
    outputs = [name for node in graph.node for name in node.output]
    layers = [name for name in outputs if _LAYER_OUTPUT.search(name)]
    if not layers:
        raise ExportError("The graph has no encoder layers that a reason head can read.")
    return layers[::-2][: math.ceil(len(layers) / 3 + 0.5)]


def append_reason_head(model_path: Path, folder: Path) -> bool:
    """Add the output `REASON_LOGITS`, of shape (batch, tokens, labels), to the graph in a file.

    Args:
        model_path: the graph, which is overwritten.
        folder: of the checkpoint.

    Returns:
        Whether the checkpoint has a reason head; without one nothing is changed.
    """
    file = folder / REASONS_FILE
    if not file.is_file():
        return False
    model = onnx.load(model_path)
    graph = model.graph
    weights = load_file(file)
    states = hidden_states(graph)
    for name, value in weights.items():
        graph.initializer.append(_constant(f"reasons.{name}", value))
    graph.node.extend(
        helper.make_node(operator, inputs, [output], name=output, **options)
        for operator, inputs, output, options in (
            ("Concat", states, "reasons/states", {"axis": -1}),
            ("MatMul", ["reasons/states", "reasons.hidden.weight"], "reasons/product", {}),
            ("Add", ["reasons/product", "reasons.hidden.bias"], "reasons/sum", {}),
            ("Relu", ["reasons/sum"], "reasons/hidden", {}),
            ("MatMul", ["reasons/hidden", "reasons.output.weight"], "reasons/output", {}),
            ("Add", ["reasons/output", "reasons.output.bias"], REASON_LOGITS, {}),
        )
    )
    labels = weights["output.bias"].shape[0]
    graph.output.append(
        helper.make_tensor_value_info(
            REASON_LOGITS, TensorProto.FLOAT, ["batch_size", "sequence_length", labels]
        )
    )
    onnx.save(model, model_path)
    return True


def _constant(name: str, value: npt.NDArray[np.float16]) -> onnx.TensorProto:
    return numpy_helper.from_array(value.astype(np.float32), name)
