"""Any T5 in hub layout for the disk: CTranslate2 or ONNX, int8 or fp32, and the proof it works.

The project's own checkpoint carries its finished int8 conversion. It is taken as it is, without
torch, as long as every file has the SHA-256 written beside it; any other checkpoint is converted,
which needs the `export` extra.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from runners.summarizer.config import CONFIG_FILE, SummarizerConfig
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import MAX_SUMMARY_SENTENCES
from samo.hashing import sha256

Precision = Literal["int8", "fp32"]
Engine = Literal["ctranslate2", "onnx"]

FINISHED: Final = "int8"
"""Folder of a checkpoint that holds its finished int8 conversion."""
WEIGHTS: Final = "model.safetensors"
# Not "int8" alone: of a float16 checkpoint it makes "int8_float16", which few CPUs compute.
_CT2_TYPES: Final[Mapping[Precision, str]] = {"int8": "int8_float32", "fp32": "float32"}

GOLDEN_FILE: Final = "golden.json"
"""In a finished conversion: spoken sentences, and what the checkpoint makes of each."""
# int8 rounds otherwise on another CPU, so that a choice between near words may fall otherwise.
GOLDEN_SHARE: Final = 0.75


class ExportError(Exception):
    """A checkpoint cannot be exported, or the export differs from what it should be."""


def export_summarizer(
    checkpoint: Path,
    target: Path,
    precision: Precision = "int8",
    engine: Engine = "ctranslate2",
) -> Path:
    """Export a T5 into `target` and return it.

    Args:
        checkpoint: a folder in hub layout, with `spiece.model`, `tokenizer.json` or both.
        target: a folder; what it held before is removed. Gets `tokenizer.json` and `samo.json`
            beside the model.
        precision: of the matrices.
        engine: "ctranslate2" is what the runner loads; "onnx" is for comparison.

    Raises:
        ExportError: the finished conversion is damaged, or the checkpoint is no T5.

    """
    if target.exists():
        shutil.rmtree(target)
    if engine == "ctranslate2" and precision == "int8" and _is_finished(checkpoint):
        return _copied(checkpoint, target)
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") not in {"t5", "mt5"}:
        raise ExportError(f"{checkpoint} is no T5: its model_type is {config.get('model_type')!r}.")
    if engine == "ctranslate2":
        _to_ctranslate2(checkpoint, target, precision)
    else:
        _to_onnx(checkpoint, target, precision)
    _save_tokenizer(checkpoint, target)
    write_record(checkpoint, target, config_from_checkpoint(config))
    return target


def verify(folder: Path, golden: Mapping[str, str] | None = None, *, threads: int = 2) -> None:
    """Write down golden sentences with a CTranslate2 export.

    Args:
        folder: the export.
        golden: sentences and what the model shall write; by default `folder`'s own `golden.json`.
        threads: to compute on.

    Raises:
        ExportError: less than `GOLDEN_SHARE` come out to the letter, or there are none to compare.

    """
    if golden is None:
        path = folder / GOLDEN_FILE
        golden = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not golden:
        raise ExportError(f"{folder} has no golden sentences: give some.")
    summarizer = Summarizer.load(folder, threads=threads)
    written = write_down(summarizer, list(golden))
    wrong = [
        f"Expected {expected!r}, the export says {said!r}."
        for expected, said in zip(golden.values(), written, strict=True)
        if said != expected
    ]
    if len(wrong) > (1 - GOLDEN_SHARE) * len(golden):
        raise ExportError(wrong[0])


def write_down(summarizer: Summarizer, sentences: Sequence[str]) -> list[str]:
    """Return what the bare model makes of each sentence."""
    t5 = summarizer.t5
    return t5.generate([t5.encode(t5.config.prefix + sentence) for sentence in sentences])


def config_from_checkpoint(config: Mapping[str, Any]) -> SummarizerConfig:
    """How a checkpoint wants to be asked, from `task_specific_params` of its config.json.

    Checkpoints without them, such as FLAN-T5, get T5's "summarize: " (Raffel et al., 2020).
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


def _is_finished(checkpoint: Path) -> bool:
    """Whether the checkpoint's finished conversion was made of the weights beside it."""
    record = checkpoint / FINISHED / CONFIG_FILE
    if not record.exists():
        return False
    made_of: str = json.loads(record.read_text(encoding="utf-8"))["checkpoint_sha256"]
    return made_of == sha256(checkpoint / WEIGHTS)


def _copied(checkpoint: Path, target: Path) -> Path:
    finished = checkpoint / FINISHED
    record = json.loads((finished / CONFIG_FILE).read_text(encoding="utf-8"))
    for name, expected in record["files"].items():
        path = finished / name
        if not path.exists() or sha256(path) != expected:
            raise ExportError(f"{path} is missing or damaged: fetch the checkpoint again.")
    target.mkdir(parents=True)
    for name in (*record["files"], CONFIG_FILE):
        shutil.copyfile(finished / name, target / name)
    return target


def _to_ctranslate2(checkpoint: Path, target: Path, precision: Precision) -> None:
    from ctranslate2.converters import TransformersConverter

    converter = TransformersConverter(str(checkpoint))
    converter.convert(str(target), quantization=_CT2_TYPES[precision])


def _to_onnx(checkpoint: Path, target: Path, precision: Precision) -> None:
    """Export the encoder, and the decoder with and without its cache merged in one graph."""
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
                # A merged decoder is one `If` with two subgraphs, skipped unless asked for.
                extra_options={"EnableSubgraph": True},
            )
            quantized.replace(graph)


def _save_tokenizer(checkpoint: Path, target: Path) -> None:
    """Put `tokenizer.json` beside the model, made of `spiece.model` if there is no other."""
    if (checkpoint / "tokenizer.json").exists():
        shutil.copyfile(checkpoint / "tokenizer.json", target / "tokenizer.json")
        return
    from transformers import AutoTokenizer

    # Unless told so, the conversion drops SentencePiece's space before the first word.
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, add_prefix_space=True)
    tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))


def write_record(checkpoint: Path, target: Path, config: SummarizerConfig) -> None:
    """Write `samo.json`: configuration, SHA-256 of the checkpoint and of each file in `target`."""
    weights = checkpoint / WEIGHTS
    record = {
        "task": config.to_json(),
        "checkpoint_sha256": sha256(weights) if weights.exists() else None,
        "files": {
            path.name: sha256(path) for path in sorted(target.iterdir()) if path.name != CONFIG_FILE
        },
    }
    (target / CONFIG_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
