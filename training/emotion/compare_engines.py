"""Compare PyTorch with ONNX files of several precisions: the same classifier, in one process.

    python -m training.emotion.compare_engines --data ../shared/data [--texts 200] [--threads 2]

For each engine it measures the milliseconds for one text of 30 tokens and for sixteen, and the
difference between its probabilities and PyTorch's in float32. The engines alternate, so that other
load on the machine affects them alike. Kernels differ between CPUs: the table is valid for the
machine that printed it. The last line of output is JSON.
"""

from __future__ import annotations

import dataclasses
import logging
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from exporting import emotion
from exporting.quantization import quantize
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier, TokenIds
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser, print_json
from training.emotion.data import load_goemotions

Predict = Callable[[list[TokenIds]], Array]

BATCHES: Final = (1, 16)
TOKENS: Final = 30
TIMED_TEXT: Final = (
    "I finally saw my cousins after ten years and was so happy I cried, and then we all sat down "
    "to the dinner that my aunt had been cooking since the morning."
)
SERVED: Final = "ONNX int8, 7 bits, smoothed, outliers in float (served)"


def _torch_eager(checkpoint: emotion.AdapterCheckpoint) -> Predict:
    network = checkpoint.network()

    @torch.inference_mode()
    def predict(batch: list[TokenIds]) -> Array:
        ids = torch.from_numpy(np.stack(batch))
        return np.asarray(torch.sigmoid(network(ids, torch.ones_like(ids)).logits))

    return predict


def _blockwise(float_model: Path, target: Path) -> None:
    quantizer = MatMulNBitsQuantizer(
        onnx.load(float_model), bits=8, block_size=128, is_symmetric=True, accuracy_level=4
    )
    quantizer.process()
    onnx.save(quantizer.model.model, target)


def _write_graphs(checkpoint: emotion.AdapterCheckpoint, scratch: Path) -> dict[str, Path]:
    """Write a graph per ONNX engine; return the paths by the engine's name in the table."""
    float_model = emotion.fill_graph(checkpoint, scratch)
    int8: dict[str, Callable[[Path], object]] = {
        "ONNX int8, 8 bits": lambda path: quantize_dynamic(
            float_model, path, per_channel=True, weight_type=QuantType.QInt8
        ),
        "ONNX int8, 7 bits": lambda path: quantize_dynamic(
            float_model,
            path,
            per_channel=True,
            weight_type=QuantType.QInt8,
            reduce_range=True,
        ),
        SERVED: lambda path: quantize(float_model, path, checkpoint.activations),
        "ONNX int8 in blocks of 128": lambda path: _blockwise(float_model, path),
    }
    paths = {"ONNX float32": float_model}
    for number, (name, write) in enumerate(int8.items()):
        paths[name] = scratch / f"{number}.onnx"
        write(paths[name])
    return paths


def _engines(
    checkpoint: emotion.AdapterCheckpoint, scratch: Path, threads: int
) -> dict[str, Predict]:
    """All engines by their names in the table; their probabilities are without temperature."""
    engines = {"PyTorch float32, eager": _torch_eager(checkpoint)}
    for name, path in _write_graphs(checkpoint, scratch).items():
        folder = scratch / path.stem
        folder.mkdir()
        emotion.write_folder(checkpoint, path, folder)
        calibration = EmotionCalibration.load(folder / emotion.CALIBRATION_FILE)
        plain = dataclasses.replace(calibration, temperature=1.0)
        classifier = EmotionClassifier.load(folder, threads=threads, calibration=plain)
        engines[name] = lambda batch, run=classifier: np.stack(run.predict(batch))  # type: ignore[misc]
    return engines


@dataclasses.dataclass(frozen=True)
class EngineComparison:
    """Median milliseconds by engine and batch size, and gaps to PyTorch by engine.

    A gap is the absolute difference of probabilities, of shape (texts, outputs).
    """

    milliseconds: dict[tuple[str, int], float]
    gaps: dict[str, Array]
    threads: int

    @property
    def ratios(self) -> dict[str, float]:
        """Speed-up of the served model compared with PyTorch, by batch size."""
        eager = next(iter(self.gaps))
        return {
            f"speed_vs_eager_batch_{size}": round(
                self.milliseconds[eager, size] / self.milliseconds[SERVED, size], 2
            )
            for size in BATCHES
        }

    def print_table(self) -> None:
        """Print one row per engine."""
        table = Table(
            "engine", "1 text, ms", "16 texts, ms", "mean gap", "largest gap",
            title=f"{TOKENS} tokens, {self.threads} threads, {platform.machine()}, "
            f"{torch.backends.cpu.get_cpu_capability()}",
        )  # fmt: skip
        for name, gaps in self.gaps.items():
            table.add_row(
                name,
                *(f"{self.milliseconds[name, size]:.1f}" for size in BATCHES),
                f"{gaps.mean():.4f}",
                f"{gaps.max():.3f}",
            )
        Console().print(table)


def compare(
    checkpoint: emotion.AdapterCheckpoint, comments: Sequence[str], rounds: int, threads: int
) -> EngineComparison:
    """Time every engine `rounds` times and compare their probabilities of `comments`."""
    torch.set_num_threads(threads)
    # The quantizers log recommendations and their progress.
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch:
        engines = _engines(checkpoint, Path(scratch), threads)
        prepare = EmotionClassifier.load(Path(scratch) / "model", threads=threads).prepare
        milliseconds = _time(engines, prepare(TIMED_TEXT)[:TOKENS], rounds)
        texts = [prepare(text) for text in comments]
        probabilities = {
            name: np.concatenate([predict([ids]) for ids in tqdm(texts, desc=name, unit="text")])
            for name, predict in engines.items()
        }
    logging.disable(logging.NOTSET)
    exact = next(iter(probabilities.values()))
    gaps = {name: np.abs(values - exact) for name, values in probabilities.items()}
    return EngineComparison(milliseconds, gaps, threads)


def _time(engines: dict[str, Predict], text: TokenIds, rounds: int) -> dict[tuple[str, int], float]:
    """Median milliseconds by engine and batch size."""
    milliseconds: dict[tuple[str, int], list[float]] = {}
    for _ in tqdm(range(rounds), desc="timing", unit="round"):
        for size in BATCHES:
            for name, predict in engines.items():
                start = time.perf_counter()
                predict([text] * size)
                elapsed = (time.perf_counter() - start) * 1000
                milliseconds.setdefault((name, size), []).append(elapsed)
    return {key: statistics.median(values) for key, values in milliseconds.items()}


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.compare_engines",
        "Compare speed and accuracy of the classifier in several engines. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("checkpoints/emotion"), help="checkpoint to export"
    )
    parser.add_argument("--texts", type=int, default=200, help="number of dev comments to compare")
    parser.add_argument("--rounds", type=int, default=25, help="number of timings of each engine")
    parser.add_argument("--threads", type=int, default=2, help="number of threads")
    args = parser.parse_args()
    comments = load_goemotions(args.data, "dev").texts[: args.texts]
    checkpoint = emotion.AdapterCheckpoint.open(args.checkpoint, "auto")
    comparison = compare(checkpoint, comments, args.rounds, args.threads)
    comparison.print_table()
    print_json({"threads": args.threads, **comparison.ratios})


if __name__ == "__main__":
    main()
