"""The int8 writer against CTranslate2's own."""

import numpy as np
import pytest
from ctranslate2.specs import common_spec, model_spec

from exporting.errors import ExportError
from exporting.transcriber import (
    CTranslate2Model,
    quantize_rows,
    quantize_whisper,
    read_model,
    write_model,
)


class TinySpec(model_spec.ModelSpec):
    """A linear layer, a convolution-like weight of rank 3 and a tied copy."""

    def __init__(self, spec_name="WhisperSpec"):
        super().__init__()
        self._spec_name = spec_name
        self.linear = common_spec.LinearSpec()
        self.tied = common_spec.LinearSpec()

    @property
    def name(self):
        return self._spec_name

    @property
    def revision(self):
        return 3


def tiny(spec_name="WhisperSpec"):
    random = np.random.default_rng(0)
    spec = TinySpec(spec_name)
    weight = random.normal(0, 0.1, (24, 16)).astype(np.float16)
    weight[3] = 0
    for layer in (spec.linear, spec.tied):
        layer.weight = weight.copy()
        layer.bias = random.normal(0, 1, 24).astype(np.float16)
    spec.validate()
    return spec


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "fp16"
    folder.mkdir()
    spec = tiny()
    spec.optimize("float16")
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "README.md").write_text("not for the model folder")
    return folder


def test_what_is_read_is_written_again_byte_for_byte(source, tmp_path):
    checkpoint = read_model(source / "model.bin")
    assert checkpoint.spec == "WhisperSpec"
    assert checkpoint.aliases == {"tied/weight": "linear/weight"}
    write_model(checkpoint, tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == (source / "model.bin").read_bytes()


def test_int8_equals_what_ctranslate2_writes(source, tmp_path):
    quantize_whisper(source, tmp_path / "ours", "int8")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    spec = tiny()
    spec.optimize("int8")
    spec.save(str(theirs))
    assert (tmp_path / "ours" / "model.bin").read_bytes() == (theirs / "model.bin").read_bytes()


def test_convolutions_stay_floating_as_they_do_when_ctranslate2_loads(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    weight = np.ones((4, 3, 2), np.float16)
    write_model(CTranslate2Model("WhisperSpec", 3, {"conv/weight": weight}), source / "model.bin")
    quantize_whisper(source, tmp_path / "target")
    (name,) = (written := read_model(tmp_path / "target" / "model.bin").variables)
    assert name == "conv/weight"
    assert written[name].dtype == np.float16


def test_only_the_files_that_the_model_needs_are_copied(source, tmp_path):
    quantize_whisper(source, tmp_path / "target")
    assert {path.name for path in (tmp_path / "target").iterdir()} == {
        "model.bin",
        "tokenizer.json",
    }


@pytest.mark.parametrize(("precision", "dtype"), [("fp16", np.float16), ("fp32", np.float32)])
def test_floating_precisions(source, tmp_path, precision, dtype):
    quantize_whisper(source, tmp_path / "target", precision)
    written = read_model(tmp_path / "target" / "model.bin").variables
    assert written["linear/weight"].dtype == dtype
    original = read_model(source / "model.bin").variables
    np.testing.assert_array_equal(written["linear/weight"], original["linear/weight"])


def test_rows_are_rounded_to_half_a_step():
    weight = np.random.default_rng(1).normal(0, 1, (50, 64)).astype(np.float32)
    quantized, scales = quantize_rows(weight)
    assert np.abs(quantized).max(axis=1).tolist() == [127] * 50
    error = np.abs(quantized / scales[:, None] - weight)
    assert (error <= 0.5001 / scales[:, None]).all()


@pytest.mark.parametrize("keep", [0, 3, 20, 200, -1])
def test_a_checkpoint_cut_short_is_refused(source, tmp_path, keep):
    cut = tmp_path / "cut.bin"
    cut.write_bytes((source / "model.bin").read_bytes()[:keep])
    with pytest.raises(ExportError):
        read_model(cut)


def test_a_checkpoint_with_more_behind_it_is_refused(source, tmp_path):
    longer = tmp_path / "longer.bin"
    longer.write_bytes((source / "model.bin").read_bytes() + b"\0")
    with pytest.raises(ExportError, match="after the end"):
        read_model(longer)


def test_another_model_is_refused(tmp_path):
    spec = tiny("TransformerSpec")
    spec.save(str(tmp_path))
    with pytest.raises(ExportError, match="TransformerSpec"):
        quantize_whisper(tmp_path, tmp_path / "target")
