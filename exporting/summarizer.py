"""Export a T5 checkpoint in hub layout to CTranslate2 or ONNX, in int8 or float32, and verify it.

`checkpoints/summarizer` contains its int8 conversion. Its files are copied, which needs no torch,
after their SHA-256 was compared with `samo.json`. Any other checkpoint is converted, which needs
the `export` extra.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from exporting.errors import ExportError
from runners.summarizer.config import CONFIG_FILE, SummarizerConfig
from runners.summarizer.summary import MAX_SUMMARY_SENTENCES
from runners.summarizer.t5 import T5
from samo.hashing import sha256

Precision = Literal["int8", "fp32"]
Engine = Literal["ctranslate2", "onnx"]

INT8_FOLDER: Final = "int8"
"""Folder in a checkpoint with its int8 conversion."""
WEIGHTS_FILE: Final = "model.safetensors"
# For a float16 checkpoint CTranslate2 takes "int8" as "int8_float16", which few CPUs support.
_CT2_TYPES: Final[Mapping[Precision, str]] = {"int8": "int8_float32", "fp32": "float32"}

GOLDEN_FILE: Final = "golden.json"
"""File of an int8 conversion: golden sentences by their input."""
# Share of golden sentences that must be equal. int8 rounds differently on CPUs without VNNI (int8
# dot-product instructions), which can change the choice between two words of similar probability.
MIN_GOLDEN_SHARE_AT_EXPORT: Final = 0.75


def export_summarizer(
    checkpoint: Path,
    target: Path,
    precision: Precision = "int8",
    engine: Engine = "ctranslate2",
) -> Path:
    """Export a T5 into `target` and return it.

    Args:
        checkpoint: a folder in hub layout, with `spiece.model`, `tokenizer.json` or both.
        target: the folder to write, with the model, `tokenizer.json` and `samo.json`. An existing
            folder is replaced.
        precision: of the weight matrices.
        engine: the runner loads "ctranslate2"; "onnx" is for comparisons.

    Raises:
        ExportError: the int8 conversion is damaged, or the checkpoint is not a T5.

    """
    if target.exists():
        shutil.rmtree(target)
    if engine == "ctranslate2" and precision == "int8" and _has_int8_conversion(checkpoint):
        return _copy_int8_conversion(checkpoint, target)
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") not in {"t5", "mt5"}:
        raise ExportError(
            f"{checkpoint} is not a T5 checkpoint: its model_type is {config.get('model_type')!r}."
        )
    if engine == "ctranslate2":
        _to_ctranslate2(checkpoint, target, precision)
    else:
        _to_onnx(checkpoint, target, precision)
    _save_tokenizer(checkpoint, target)
    write_record(checkpoint, target, config_from_checkpoint(config))
    return target


def verify(folder: Path, golden: Mapping[str, str] | None = None, *, threads: int = 2) -> None:
    """Generate the golden sentences with a CTranslate2 export and compare them.

    Args:
        folder: the export.
        golden: expected outputs by input; by default those of `golden.json` in `folder`.
        threads: number of threads to compute on.

    Raises:
        ExportError: less than `MIN_GOLDEN_SHARE_AT_EXPORT` are equal, or there are none to compare.

    """
    if golden is None:
        path = folder / GOLDEN_FILE
        golden = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not golden:
        raise ExportError(f"{folder} has no golden sentences to compare with.")
    outputs = generate_sentences(T5.load(folder, threads=threads), list(golden))
    differences = [
        f"Expected {expected!r}, but the exported model writes {output!r}."
        for expected, output in zip(golden.values(), outputs, strict=True)
        if output != expected
    ]
    if len(differences) > (1 - MIN_GOLDEN_SHARE_AT_EXPORT) * len(golden):
        raise ExportError(differences[0])


def generate_sentences(t5: T5, sentences: Sequence[str]) -> list[str]:
    """Return the output of the T5 for each sentence."""
    return t5.generate([t5.encode(t5.config.prefix + sentence) for sentence in sentences])


def config_from_checkpoint(config: Mapping[str, Any]) -> SummarizerConfig:
    """Read the prefix and the decoding options from `task_specific_params` of config.json.

    Checkpoints without them, such as FLAN-T5, get the prefix "summarize: " (Raffel et al., 2020).
    """
    parameters = (config.get("task_specific_params") or {}).get("summarization", {})
    return SummarizerConfig(
        prefix=parameters.get("prefix", "summarize: "),
        input_unit=parameters.get("reads", "entry"),
        max_input_tokens=parameters.get("max_input_tokens", config.get("n_positions", 512)),
        max_output_tokens=parameters.get("max_length", 200),
        max_trained_sentences=parameters.get("max_budget", MAX_SUMMARY_SENTENCES),
        num_beams=parameters.get("num_beams", 4),
        no_repeat_ngram_size=parameters.get("no_repeat_ngram_size", 0),
        length_penalty=parameters.get("length_penalty", 1.0),
        min_overlap=parameters.get("least_overlap", 0.0),
    )


def _has_int8_conversion(checkpoint: Path) -> bool:
    """Whether the checkpoint has an int8 conversion of its current weights."""
    record = checkpoint / INT8_FOLDER / CONFIG_FILE
    if not record.exists():
        return False
    source_sha256: str = json.loads(record.read_text(encoding="utf-8"))["checkpoint_sha256"]
    return source_sha256 == sha256(checkpoint / WEIGHTS_FILE)


def _copy_int8_conversion(checkpoint: Path, target: Path) -> Path:
    conversion = checkpoint / INT8_FOLDER
    record = json.loads((conversion / CONFIG_FILE).read_text(encoding="utf-8"))
    for name, expected in record["files"].items():
        path = conversion / name
        if not path.exists() or sha256(path) != expected:
            raise ExportError(f"{path} is missing or damaged: download the checkpoint again.")
    target.mkdir(parents=True)
    for name in (*record["files"], CONFIG_FILE):
        shutil.copyfile(conversion / name, target / name)
    return target


def _to_ctranslate2(checkpoint: Path, target: Path, precision: Precision) -> None:
    from ctranslate2.converters import TransformersConverter

    converter = TransformersConverter(str(checkpoint))
    converter.convert(str(target), quantization=_CT2_TYPES[precision])


def _to_onnx(checkpoint: Path, target: Path, precision: Precision) -> None:
    """Write the encoder, and one graph that merges the decoders with and without a cache."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from optimum.onnxruntime import ORTModelForSeq2SeqLM

    model = ORTModelForSeq2SeqLM.from_pretrained(checkpoint, export=True, use_merged=True)
    model.save_pretrained(target)
    if precision == "int8":
        for graph in sorted(target.glob("*.onnx")):
            quantized = graph.with_suffix(".int8")
            quantize_dynamic(
                graph,
                quantized,
                weight_type=QuantType.QInt8,
                per_channel=True,
                # The merged decoder is an `If` with two subgraphs, which are skipped by default.
                extra_options={"EnableSubgraph": True},
            )
            quantized.replace(graph)


def _save_tokenizer(checkpoint: Path, target: Path) -> None:
    """Copy `tokenizer.json` to `target`, or convert `spiece.model` if there is no such file."""
    if (checkpoint / "tokenizer.json").exists():
        shutil.copyfile(checkpoint / "tokenizer.json", target / "tokenizer.json")
        return
    from transformers import AutoTokenizer

    # By default the conversion drops SentencePiece's space before the first word.
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, add_prefix_space=True)
    tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))


def write_record(checkpoint: Path, target: Path, config: SummarizerConfig) -> None:
    """Write `samo.json`: configuration, SHA-256 of the checkpoint and of each file in `target`."""
    weights = checkpoint / WEIGHTS_FILE
    record = {
        "task": config.to_json(),
        "checkpoint_sha256": sha256(weights) if weights.exists() else None,
        "files": {
            path.name: sha256(path) for path in sorted(target.iterdir()) if path.name != CONFIG_FILE
        },
    }
    (target / CONFIG_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
