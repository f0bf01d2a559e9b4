"""The same classifier by PyTorch and as ONNX files of several precisions, in one run.

    python -m training.emotion.compare_engines --dataset PATH [--texts 200] [--threads 2]

For each: milliseconds for one text of 30 tokens and for sixteen, alternating, so that a noisy
machine disturbs all alike; and how far its probabilities are from PyTorch's in float32. Kernels
differ from CPU to CPU: the table holds for the machine that printed it. The last line is JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from exporting import emotion
from exporting.emotion_network import EmotionNetwork
from exporting.quantization import quantize
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier, TokenIds
from training.emotion.data import load_goemotions

Array = npt.NDArray[np.floating[Any]]
Predict = Callable[[list[TokenIds]], Array]

BATCHES: Final = (1, 16)
TOKENS: Final = 30
TIMED_TEXT: Final = (
    "I finally saw my cousins after ten years and was so happy I cried, and then we all sat down "
    "to the dinner that my aunt had been cooking since the morning."
)
SHIPPED: Final = "ONNX int8, 7 bits, smoothed, outliers in float (ships)"


def _torch_eager(checkpoint: emotion.Checkpoint) -> Predict:
    classifier = EmotionNetwork.from_encoder(str(checkpoint.base), checkpoint.output_names)
    weights = checkpoint.merged_weights()
    classifier.load_state_dict(
        {
            name: torch.from_numpy(weights[name]) if name in weights else value
            for name, value in classifier.state_dict().items()
        }
    )
    classifier.eval()

    @torch.inference_mode()
    def predict(batch: list[TokenIds]) -> Array:
        ids = torch.from_numpy(np.stack(batch))
        return np.asarray(torch.sigmoid(classifier(ids, torch.ones_like(ids)).logits))

    return predict


def _blockwise(float_model: Path, target: Path) -> None:
    quantizer = MatMulNBitsQuantizer(
        onnx.load(float_model), bits=8, block_size=128, is_symmetric=True, accuracy_level=4
    )
    quantizer.process()
    onnx.save(quantizer.model.model, target)


def _engines(checkpoint: emotion.Checkpoint, scratch: Path, threads: int) -> dict[str, Predict]:
    """Every engine by its name in the table; probabilities without temperature."""
    float_model = emotion.fill_graph(checkpoint, scratch)
    int8: dict[str, Callable[[Path], object]] = {
        "ONNX int8, 8 bits": lambda path: quantize_dynamic(
            float_model, path, per_channel=True, weight_type=QuantType.QInt8
        ),
        "ONNX int8, 7 bits": lambda path: quantize(float_model, path, {}, {}),
        SHIPPED: lambda path: quantize(
            float_model, path, checkpoint.smoothing, checkpoint.outliers
        ),
        "ONNX int8 in blocks of 128": lambda path: _blockwise(float_model, path),
    }
    paths = {"ONNX float32": float_model}
    for number, (name, write) in enumerate(int8.items()):
        paths[name] = scratch / f"{number}.onnx"
        write(paths[name])
    engines = {"PyTorch float32, eager": _torch_eager(checkpoint)}
    for name, path in paths.items():
        folder = scratch / path.stem
        folder.mkdir()
        emotion.write_folder(checkpoint, path, folder)
        calibration = EmotionCalibration.load(folder / emotion.CALIBRATION)
        plain = dataclasses.replace(calibration, temperature=1.0)
        classifier = EmotionClassifier.load(folder, threads=threads, calibration=plain)
        engines[name] = lambda batch, run=classifier: np.stack(run.predict(batch))  # type: ignore[misc]
    return engines


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Medians of milliseconds by engine and batch size, and gaps to PyTorch by engine.

    A gap has shape (texts, labels): the absolute difference of probabilities.
    """

    milliseconds: dict[tuple[str, int], float]
    gaps: dict[str, Array]
    threads: int

    @property
    def ratios(self) -> dict[str, float]:
        """How many times quicker than PyTorch the shipped file is, by batch size."""
        eager = next(iter(self.gaps))
        return {
            f"speed_vs_eager_batch_{size}": round(
                self.milliseconds[eager, size] / self.milliseconds[SHIPPED, size], 2
            )
            for size in BATCHES
        }

    def print_table(self) -> None:
        """Print a row for each engine."""
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
    checkpoint: emotion.Checkpoint, comments: Sequence[str], rounds: int, threads: int
) -> Comparison:
    """Time every engine `rounds` times, in turn, and compare their answers to `comments`."""
    torch.set_num_threads(threads)
    # the quantizers' advice and progress
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch:
        engines = _engines(checkpoint, Path(scratch), threads)
        prepare = EmotionClassifier.load(Path(scratch) / "model", threads=threads).prepare
        texts = [prepare(text) for text in comments]
        timed = prepare(TIMED_TEXT)[:TOKENS]
        milliseconds: dict[tuple[str, int], list[float]] = {}
        for _ in tqdm(range(rounds), desc="timing", unit="round"):
            for size in BATCHES:
                for name, predict in engines.items():
                    start = time.perf_counter()
                    predict([timed] * size)
                    passed = (time.perf_counter() - start) * 1000
                    milliseconds.setdefault((name, size), []).append(passed)
        probabilities = {
            name: np.concatenate([predict([ids]) for ids in tqdm(texts, desc=name, unit="text")])
            for name, predict in engines.items()
        }
    logging.disable(logging.NOTSET)
    exact = next(iter(probabilities.values()))
    return Comparison(
        {key: statistics.median(values) for key, values in milliseconds.items()},
        {name: np.abs(values - exact) for name, values in probabilities.items()},
        threads,
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.compare_engines",
        description="Speed and fidelity of the classifier by engine. The last line is JSON.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/emotion"))
    parser.add_argument("--texts", type=int, default=200, help="dev comments to compare on")
    parser.add_argument("--rounds", type=int, default=25, help="timings of each engine")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    comments = load_goemotions(arguments.dataset, "dev").texts[: arguments.texts]
    checkpoint = emotion.Checkpoint.open(arguments.checkpoint, "auto")
    comparison = compare(checkpoint, comments, arguments.rounds, arguments.threads)
    comparison.print_table()
    print(json.dumps({"threads": arguments.threads, **comparison.ratios}))


if __name__ == "__main__":
    main()
