"""Dynamic int8 with outliers in float, on a graph of one linear layer."""

from __future__ import annotations

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from exporting.quantization import find_outliers, quantize

WIDTH = 48
OUTLIER = 5
IDS = np.arange(10, dtype=np.int64)


@pytest.fixture
def float_model(tmp_path):
    rng = np.random.default_rng(0)
    # whole numbers from -127 to 128, which the quantized embedding holds exactly
    embedding = rng.integers(-127, 129, size=(10, WIDTH)).astype(np.float32)
    embedding[0, :2] = -127, 128
    gain = np.ones(WIDTH, dtype=np.float32)
    gain[OUTLIER] = 100.0
    weight = rng.normal(size=(WIDTH, 8)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["embedding", "input_ids"], ["embedded"], name="embed"),
            helper.make_node("Mul", ["embedded", "gain"], ["hidden"], name="amplify"),
            helper.make_node("MatMul", ["hidden", "weight"], ["logits"], name="linear"),
        ],
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "tokens", 8])],
        [
            numpy_helper.from_array(embedding, "embedding"),
            numpy_helper.from_array(gain, "gain"),
            numpy_helper.from_array(weight, "weight"),
        ],
    )
    path = tmp_path / "float.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


def logits(path):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ids = IDS[None]
    (values,) = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    return values


@pytest.fixture
def quantized(float_model, tmp_path, caplog):
    caplog.set_level(logging.ERROR)  # the quantizer advises a step that this graph needs not

    def run(outliers):
        target = tmp_path / "int8.onnx"
        quantize(float_model, target, outliers)
        return target

    return run


def test_the_channel_with_huge_values_is_found(float_model):
    assert find_outliers(float_model, [IDS]) == {"hidden": [OUTLIER]}


def test_outliers_in_float_leave_int8_for_all_others(float_model, quantized):
    exact = logits(float_model)
    plain = np.abs(logits(quantized({})) - exact).max()
    split = np.abs(logits(quantized({"hidden": [OUTLIER]})) - exact).max()
    assert split < plain / 5


def test_no_two_products_can_overflow_sixteen_bits(quantized):
    model = onnx.load(quantized({"hidden": [OUTLIER]}))
    (weight,) = (
        numpy_helper.to_array(initializer)
        for initializer in model.graph.initializer
        if initializer.data_type == TensorProto.INT8 and len(initializer.dims) == 2
    )
    assert 2 * 255 * np.abs(weight.astype(int)).max() < 2**15


def test_outliers_of_another_graph_are_refused(quantized):
    with pytest.raises(ValueError, match="elsewhere"):
        quantized({"elsewhere": [1]})
