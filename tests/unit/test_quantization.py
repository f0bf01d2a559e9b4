"""Dynamic int8, smoothed or with outliers in float, on a graph of one linear layer."""

from __future__ import annotations

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from exporting.quantization import find_channels, quantize

WIDTH = 48
OUTLIER = 5
IDS = np.arange(10, dtype=np.int64)


@pytest.fixture(params=[WIDTH, 8], ids=["wide", "narrow"])
def outputs(request):
    """A layer that is as wide as its input is smoothed; a narrower one keeps outliers in float."""
    return request.param


@pytest.fixture
def float_model(tmp_path, outputs):
    rng = np.random.default_rng(0)
    # whole numbers from -127 to 128, which the quantized embedding holds exactly
    embedding = rng.integers(-127, 129, size=(10, WIDTH)).astype(np.float32)
    embedding[0, :2] = -127, 128
    gain = np.ones(WIDTH, dtype=np.float32)
    gain[OUTLIER] = 100.0
    weight = rng.normal(size=(WIDTH, outputs)).astype(np.float32)
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
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "tokens", outputs])],
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

    def run(smoothing, outliers):
        target = tmp_path / "int8.onnx"
        quantize(float_model, target, smoothing, outliers)
        return target

    return run


@pytest.mark.parametrize("outputs", [WIDTH], indirect=True)
def test_a_channel_that_stands_out_is_divided_by_the_root_of_it(float_model):
    smoothing, outliers = find_channels(float_model, [IDS])
    divisors = smoothing["hidden"]
    assert divisors[OUTLIER] == pytest.approx(10.0, rel=0.1)
    assert np.delete(divisors, OUTLIER).min() == 1.0
    assert np.delete(divisors, OUTLIER).max() < 1.1
    assert outliers == {}


@pytest.mark.parametrize("outputs", [8], indirect=True)
def test_the_channel_with_huge_values_is_found(float_model):
    assert find_channels(float_model, [IDS]) == ({}, {"hidden": [OUTLIER]})


def test_a_channel_with_huge_values_costs_the_others_little(float_model, quantized):
    exact = logits(float_model)
    plain = np.abs(logits(quantized({}, {})) - exact).mean()
    found = np.abs(logits(quantized(*find_channels(float_model, [IDS]))) - exact).mean()
    assert found < plain / 3


def test_no_two_products_can_overflow_sixteen_bits(float_model, quantized):
    model = onnx.load(quantized(*find_channels(float_model, [IDS])))
    (weight,) = (
        numpy_helper.to_array(initializer)
        for initializer in model.graph.initializer
        if initializer.data_type == TensorProto.INT8 and len(initializer.dims) == 2
    )
    assert 2 * 255 * np.abs(weight.astype(int)).max() < 2**15


def test_channels_of_another_graph_are_refused(quantized):
    with pytest.raises(ValueError, match="elsewhere"):
        quantized({"elsewhere": np.ones(WIDTH, dtype=np.float16)}, {})
    with pytest.raises(ValueError, match="elsewhere"):
        quantized({}, {"elsewhere": [1]})
