"""The reason head: fitted, appended to a graph, and used for the words of explanations."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

from exporting.errors import ExportError
from exporting.reason_head import REASONS_FILE, append_reason_head, hidden_states
from runners.emotion.classifier import REASON_LOGITS
from training.emotion.fit_reasons import fit, load_lessons

WIDTH = 4
LABELS = 3
LAYERS = 6


def layer(number):
    return f"/encoder/encoder/layer.{number}/output/LayerNorm/LayerNormalization_output_0"


@pytest.fixture
def model(tmp_path):
    """An encoder whose layers each add one to the embeddings."""
    names = ["embedded", *map(layer, range(LAYERS))]
    nodes = [helper.make_node("Gather", ["embedding", "input_ids"], ["embedded"])]
    nodes += [helper.make_node("Add", [before, "one"], [name]) for before, name in pairwise(names)]
    nodes.append(helper.make_node("ReduceMean", [names[-1]], ["logits"], axes=[1], keepdims=0))
    embedding = np.random.default_rng(0).normal(size=(10, WIDTH)).astype(np.float32)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", WIDTH])],
        [
            numpy_helper.from_array(embedding, "embedding"),
            numpy_helper.from_array(np.ones(1, np.float32), "one"),
        ],
    )
    path = tmp_path / "model.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path
    )
    return path, embedding


def test_the_head_reads_every_second_layer_of_the_upper_two_thirds(model):
    graph = onnx.load(model[0]).graph
    assert hidden_states(graph) == [layer(5), layer(3), layer(1)]
    del graph.node[1:-1]
    with pytest.raises(ExportError, match="no encoder layers"):
        hidden_states(graph)


def test_the_graph_computes_the_head(model, tmp_path):
    path, embedding = model
    before = path.read_bytes()
    assert not append_reason_head(path, tmp_path)
    assert path.read_bytes() == before  # the checkpoint has no head

    rng = np.random.default_rng(1)
    shapes = {
        "hidden.weight": (3 * WIDTH, 5),
        "hidden.bias": (5,),
        "output.weight": (5, LABELS),
        "output.bias": (LABELS,),
    }
    weights = {name: rng.normal(size=shape).astype(np.float16) for name, shape in shapes.items()}
    save_file(weights, tmp_path / REASONS_FILE)
    assert append_reason_head(path, tmp_path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ids = np.asarray([[1, 2, 3]])
    logits, reasons = session.run(["logits", REASON_LOGITS], {"input_ids": ids})
    states = np.concatenate([embedding[ids] + added for added in (6, 4, 2)], axis=-1)
    hidden = np.maximum(states @ weights["hidden.weight"] + weights["hidden.bias"], 0.0)
    expected = hidden @ weights["output.weight"] + weights["output.bias"]
    assert reasons.shape == (1, 3, LABELS)
    assert np.allclose(reasons, expected, atol=1e-4)
    assert np.allclose(logits, (embedding[ids] + 6).mean(axis=1), atol=1e-5)


@pytest.mark.slow
def test_the_fitted_head_tells_reasons_from_other_tokens(tmp_path):
    rng = np.random.default_rng(2)
    inputs = (100.0 + 10.0 * rng.normal(size=(20_000, 6))).astype(np.float16)
    targets = np.zeros((len(inputs), 2), dtype=np.float32)
    targets[:, 0] = inputs[:, 0] > 110.0
    save_file(fit(inputs, targets), tmp_path / REASONS_FILE)
    weights = {
        name: value.astype(np.float32) for name, value in load_file(tmp_path / REASONS_FILE).items()
    }
    hidden = np.maximum(
        inputs.astype(np.float32) @ weights["hidden.weight"] + weights["hidden.bias"], 0.0
    )
    logits = hidden @ weights["output.weight"] + weights["output.bias"]
    is_reason = targets[:, 0] > 0.0
    assert np.median(logits[is_reason, 0]) > np.quantile(logits[~is_reason, 0], 0.95)
    assert logits[:, 1].max() < 0.0


def test_lessons_have_words_of_each_emotion_or_of_all(tmp_path):
    lines = [
        {"text": "Rang Mum, wept.", "reasons": {"love": ["Rang"], "sadness": ["wept"]}},
        {"text": "So glad!", "words": ["glad"]},
    ]
    path = tmp_path / "lessons.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    by_emotion, together = load_lessons([path])
    assert by_emotion.reasons == {"love": frozenset({"rang"}), "sadness": frozenset({"wept"})}
    assert by_emotion.words == {"rang", "wept"}
    assert together.reasons is None
    assert together.words == {"glad"}


def test_the_marked_words_of_the_lessons_occur_in_their_texts():
    lessons = load_lessons()
    assert len(lessons) == 9611
    missing = [one.text for one in lessons if not all(w in one.text.lower() for w in one.words)]
    assert missing == []
