"""int8 with constant scales, smoothed or with outliers in float, on one linear layer."""

from __future__ import annotations

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from exporting.activations import Activations, measure
from exporting.errors import ExportError
from exporting.quantization import quantize

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
            helper.make_node("MatMul", ["hidden", "weight"], ["product"], name="linear"),
            helper.make_node("Add", ["bias", "product"], ["logits"], name="add_bias"),
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
            numpy_helper.from_array(rng.normal(size=outputs).astype(np.float32), "bias"),
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
def float_head(tmp_path):
    """A head as an encoder has it: the mean of the tokens, then a Gemm with a bias."""
    rng = np.random.default_rng(0)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["embedding", "input_ids"], ["embedded"], name="embed"),
            helper.make_node("ReduceMean", ["embedded"], ["pooled"], axes=[1], keepdims=0),
            helper.make_node(
                "Gemm", ["pooled", "weight", "bias"], ["logits"], name="head", transB=1
            ),
        ],
        "head",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 8])],
        [
            numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
            for name, shape in (("embedding", (10, WIDTH)), ("weight", (8, WIDTH)), ("bias", (8,)))
        ],
    )
    path = tmp_path / "head.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


@pytest.fixture
def measured(float_model):
    return measure(float_model, [IDS])


@pytest.fixture
def quantized(float_model, tmp_path, caplog):
    caplog.set_level(logging.ERROR)  # the quantizer recommends a step that this graph needs not

    def run(activations):
        target = tmp_path / "int8.onnx"
        quantize(float_model, target, activations)
        return target

    return run


@pytest.mark.parametrize("outputs", [WIDTH], indirect=True)
def test_a_channel_with_huge_values_is_divided_by_the_root_of_its_ratio(measured):
    divisors = measured.smoothing["hidden"]
    assert divisors[OUTLIER] == pytest.approx(10.0, rel=0.1)
    assert np.delete(divisors, OUTLIER).min() == 1.0
    assert np.delete(divisors, OUTLIER).max() < 1.1
    assert measured.outliers == {}


@pytest.mark.parametrize("outputs", [8], indirect=True)
def test_the_channel_with_huge_values_is_found(measured):
    assert (measured.smoothing, measured.outliers) == ({}, {"hidden": [OUTLIER]})


@pytest.mark.parametrize("outputs", [8], indirect=True)
def test_the_range_is_that_of_the_other_channels(measured):
    low, high = measured.ranges["hidden"]
    assert -127 <= low < -100
    assert 100 < high <= 128


def test_a_range_covers_the_values_of_nine_in_ten_texts(float_model):
    # the token 0 has the lowest and the highest value of all
    others = [IDS[1:]] * 18
    one_in_twenty = measure(float_model, [IDS, *others]).ranges["hidden"]
    one_in_five = measure(float_model, [IDS[:1], *others[:4]]).ranges["hidden"]
    none = measure(float_model, others).ranges["hidden"]
    assert one_in_twenty == pytest.approx(none, rel=0.01)
    assert one_in_five[0] < none[0]


def test_a_channel_with_huge_values_costs_the_others_little(float_model, measured, quantized):
    exact = logits(float_model)
    untreated = Activations({}, {}, {"hidden": (-12700.0, 12800.0)})
    plain = np.abs(logits(quantized(untreated)) - exact).mean()
    found = np.abs(logits(quantized(measured)) - exact).mean()
    assert found < plain / 3


def test_no_two_products_can_overflow_sixteen_bits(measured, quantized):
    model = onnx.load(quantized(measured))
    (weight,) = (
        numpy_helper.to_array(initializer)
        for initializer in model.graph.initializer
        if initializer.data_type == TensorProto.INT8 and len(initializer.dims) == 2
    )
    assert 2 * 255 * np.abs(weight.astype(int)).max() < 2**15


def test_no_scale_is_computed_at_run_time(measured, quantized):
    model = onnx.load(quantized(measured))
    assert not [node for node in model.graph.node if "Dynamic" in node.op_type]
    constants = {initializer.name for initializer in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            assert constants.issuperset(node.input[1:])


def test_a_row_is_the_same_whatever_the_other_rows_are(measured, quantized):
    session = onnxruntime.InferenceSession(
        str(quantized(measured)), providers=["CPUExecutionProvider"]
    )

    def run(*rows):
        ids = np.asarray(rows)
        return session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]

    # the second row has values far beyond those of the first
    assert np.array_equal(run([5, 6])[0], run([5, 6], [0, 0])[0])


def test_a_head_has_a_constant_scale_too(float_head, tmp_path, caplog):
    caplog.set_level(logging.ERROR)
    activations = measure(float_head, [IDS[[number]] for number in IDS])
    assert activations.smoothing == activations.outliers == {}
    target = tmp_path / "int8.onnx"
    quantize(float_head, target, activations)
    assert not [node for node in onnx.load(target).graph.node if "Dynamic" in node.op_type]
    exact = logits(float_head)
    assert np.abs(logits(target) - exact).max() < 0.1 * np.abs(exact).max()


def test_channels_of_another_graph_are_refused(measured, quantized):
    for elsewhere in (
        Activations({"elsewhere": np.ones(WIDTH, dtype=np.float16)}, {}, measured.ranges),
        Activations({}, {"elsewhere": [1]}, measured.ranges),
        Activations({}, {}, measured.ranges | {"elsewhere": (0.0, 1.0)}),
    ):
        with pytest.raises(ValueError, match="elsewhere"):
            quantized(elsewhere)


def test_an_input_without_a_range_is_refused(measured, quantized):
    with pytest.raises(ValueError, match="hidden"):
        quantized(Activations(measured.smoothing, measured.outliers, {}))


def test_what_was_measured_is_read_as_it_was_written(measured, tmp_path):
    measured.save(tmp_path)
    read = Activations.load(tmp_path)
    assert (read.outliers, read.ranges) == (measured.outliers, measured.ranges)
    assert read.smoothing.keys() == measured.smoothing.keys()
    for name, divisors in measured.smoothing.items():
        assert np.array_equal(read.smoothing[name], divisors)


@pytest.mark.parametrize("missing", ["smoothing.safetensors", "outliers.json", "ranges.json"])
def test_a_checkpoint_that_was_not_measured_says_what_to_do(measured, tmp_path, missing):
    measured.save(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ExportError, match=rf"{missing}.*publish"):
        Activations.load(tmp_path)
