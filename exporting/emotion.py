"""Emotion classifier: base + adapter → one model → ONNX → dynamic int8.

Two ways lead to the same float graph. `export_by_optimum` traces the PyTorch model and works for
any checkpoint; it needs the `export` extra. `fill_graph` puts the merged weights into the traced
graph that lies beside the committed adapter, and needs no torch: a newcomer is spared gigabytes.
That both give the same bytes is tested, and the hash of the finished model is checked.

The committed adapter is stored in float16 for a second reason than its size: products of
16-bit floats and their sums are exact in float64, so the merged weights are the same on every
machine, whatever its linear algebra library.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from safetensors.numpy import load_file

from exporting.quantization import Outliers, Smoothing
from exporting.weights import UPSTREAM, Source, resolve
from runners.emotion.calibration import EmotionCalibration

Precision = Literal["int8", "fp32"]
Weights = dict[str, npt.NDArray[np.float32]]

GRAPH: Final = "graph.onnx"
CALIBRATION: Final = "calibration.json"
ARTIFACT: Final = "artifact.json"
SMOOTHING: Final = "smoothing.safetensors"
OUTLIERS: Final = "outliers.json"
GOLDEN: Final = "golden.json"
OPSET: Final = 17
# A weight of so many numbers or more is taken out of the committed graph.
LARGE_WEIGHT: Final = 1024
# int8 must decide as float does, and its probabilities may differ by no more than this.
PARITY_TOLERANCE: Final = 0.1
# A label whose float probability is this near its threshold may fall on either side.
PARITY_MARGIN: Final = 0.03

# Of every sentiment, plain and slangy, short and long.
PARITY_SENTENCES: Final = (
    "I finally saw my cousins after ten years and was so happy I cried.",
    "Thank you so much for staying with me last night.",
    "I am furious that they lied to us again.",
    "The bus leaves at seven and takes forty minutes.",
    "I keep thinking about the exam tomorrow and my stomach hurts.",
    "My grandmother died on Tuesday and the house is so quiet.",
    "lol that was hilarious, you guys are the best",
    "Why would anyone do that? I don't get it.",
    "I should have called her. I'm so sorry I didn't.",
    "We had soup for lunch.",
    "I can't believe I got the job!!!",
    "Ugh, the neighbours are drilling again and I have had enough of it.",
    "I'm proud of how far I've come this year, even if nobody else noticed.",
    "Yuck, that smell made me sick.",
    "Hopefully it'll be better in spring.",
    "I love you more than I can say.",
)


class ExportError(Exception):
    """An export failed its check; nothing was stored."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained adapter and the base that it belongs to."""

    adapter: Path
    base: Path
    base_name: str

    @classmethod
    def open(cls, adapter: Path, source: Source) -> Checkpoint:
        """Read the adapter's config and resolve its base; raises `WeightsError`."""
        config_path = adapter / "adapter_config.json"
        if not config_path.is_file():
            raise ExportError(
                f"{adapter} holds no adapter_config.json: give the folder of an adapter that "
                "training/emotion made."
            )
        base_name = json.loads(config_path.read_text())["base_model_name_or_path"]
        return cls(adapter, resolve(base_name, source), base_name)

    @property
    def output_names(self) -> list[str]:
        """Labels, then moods, then contexts, in the order of the logits."""
        calibration = json.loads((self.adapter / CALIBRATION).read_text(encoding="utf-8"))
        return [
            *calibration["labels"],
            *calibration.get("moods", ()),
            *calibration.get("contexts", ()),
        ]

    @property
    def smoothing(self) -> Smoothing:
        """What channels are divided by before int8; nothing where the file is not there."""
        path = self.adapter / SMOOTHING
        return load_file(path) if path.is_file() else {}

    @property
    def outliers(self) -> Outliers:
        """The channels that int8 must not hold; none where the file is not there."""
        path = self.adapter / OUTLIERS
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    @property
    def licence(self) -> str:
        """Of the base."""
        upstream = UPSTREAM.get(self.base_name)
        return upstream.licence if upstream else "see the model hub"

    def merged_weights(self) -> Weights:
        """All weights of the classifier by their PyTorch names: base + scale · B·A, head, norm."""
        config = json.loads((self.adapter / "adapter_config.json").read_text())
        scale = config["lora_alpha"] / config["r"]
        weights = {
            f"encoder.{name}": np.asarray(value, dtype=np.float32)
            for name, value in load_file(self.base / "model.safetensors").items()
            if not name.startswith("pooler.")
        }
        trained = load_file(self.adapter / "adapter_model.safetensors")
        for name, value in trained.items():
            own = name.removeprefix("base_model.model.")
            if own.endswith(".lora_A.weight"):
                target = own.replace(".lora_A.weight", ".weight")
                up = trained[name.replace(".lora_A.", ".lora_B.")]
                delta = up.astype(np.float64) @ value.astype(np.float64)
                weights[target] = (weights[target] + scale * delta).astype(np.float32)
            elif ".lora_B." not in own:
                weights[own] = value.astype(np.float32)
        return weights


def export_by_optimum(checkpoint: Checkpoint, target: Path) -> Path:
    """Trace the merged PyTorch model by optimum; return `target`/model.onnx, float32."""
    import torch
    from optimum.exporters.onnx import export
    from optimum.exporters.tasks import TasksManager

    from exporting.emotion_network import EmotionNetwork

    classifier = EmotionNetwork.from_encoder(str(checkpoint.base), checkpoint.output_names)
    weights = checkpoint.merged_weights()
    classifier.load_state_dict(
        {
            name: torch.from_numpy(weights[name]) if name in weights else value
            for name, value in classifier.state_dict().items()
        }
    )
    onnx_config = TasksManager.get_exporter_config_constructor(
        "onnx",
        model_type=classifier.config.model_type,
        task="text-classification",
        library_name="transformers",
    )(classifier.config)
    target.mkdir(parents=True, exist_ok=True)
    path = target / "model.onnx"
    export(classifier.eval(), onnx_config, path, opset=OPSET)
    return path


def strip_graph(model_path: Path, weights: Weights, target: Path) -> None:
    """Write the graph at `model_path` to `target` without the weights that `weights` holds.

    Each weight that is taken out leaves an empty initializer, which names its source in its doc
    string: the PyTorch name, with ".T" where the graph has it transposed.
    """
    model = onnx.load(model_path)
    by_content = {}
    for name, value in weights.items():
        if value.size >= LARGE_WEIGHT:
            by_content[_content_key(value)] = name
            if value.ndim == 2:
                by_content[_content_key(value.T)] = f"{name}.T"
    for initializer in model.graph.initializer:
        value = numpy_helper.to_array(initializer)
        source = by_content.get(_content_key(value))
        if value.size >= LARGE_WEIGHT and source is not None:
            initializer.ClearField("raw_data")
            initializer.doc_string = source
    onnx.save(model, target)


def _content_key(value: npt.NDArray[Any]) -> tuple[tuple[int, ...], int]:
    return value.shape, hash(np.ascontiguousarray(value).tobytes())


def fill_graph(checkpoint: Checkpoint, target: Path) -> Path:
    """Put the merged weights into the committed graph; return `target`/model.onnx, float32."""
    weights = checkpoint.merged_weights()
    model = onnx.load(checkpoint.adapter / GRAPH)
    for initializer in model.graph.initializer:
        if initializer.doc_string:
            value = weights[initializer.doc_string.removesuffix(".T")]
            if initializer.doc_string.endswith(".T"):
                value = np.ascontiguousarray(value.T)
            initializer.raw_data = value.tobytes()
            initializer.ClearField("doc_string")
    path = target / "model.onnx"
    onnx.save(model, path)
    return path


def write_folder(checkpoint: Checkpoint, model: Path, target: Path) -> None:
    """Put together what `runners.emotion.classifier.EmotionNetwork` loads."""
    shutil.move(model, target / "model.onnx")
    shutil.copyfile(checkpoint.base / "tokenizer.json", target / "tokenizer.json")
    shutil.copyfile(checkpoint.adapter / CALIBRATION, target / CALIBRATION)


def write_golden(exact: npt.NDArray[np.float32], target: Path) -> None:
    """Put beside the model what float says of the first parity sentence; the runner checks it."""
    golden = {
        "text": PARITY_SENTENCES[0],
        "probabilities": [round(float(value), 4) for value in exact],
        "tolerance": PARITY_TOLERANCE,
    }
    (target / GOLDEN).write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


def check_parity(
    float_probabilities: Sequence[npt.NDArray[np.float32]],
    probabilities: Sequence[npt.NDArray[np.float32]],
    calibration: EmotionCalibration,
) -> float:
    """Return the largest gap between float and int8 on `PARITY_SENTENCES`.

    Raises `ExportError` where the gap is above `PARITY_TOLERANCE`, or where a label is decided
    otherwise although its float probability is not within `PARITY_MARGIN` of its threshold.
    """
    exact, quantized = np.stack(float_probabilities), np.stack(probabilities)
    gap = float(np.abs(exact - quantized).max())
    if gap > PARITY_TOLERANCE:
        raise ExportError(
            f"int8 differs from float by {gap:.3f}, more than {PARITY_TOLERANCE}: nothing stored."
        )
    thresholds = np.concatenate(
        [calibration.thresholds, calibration.mood_thresholds, calibration.context_thresholds]
    )
    clear = np.abs(exact - thresholds) > PARITY_MARGIN
    differs = clear & ((exact >= thresholds) != (quantized >= thresholds))
    if differs.any():
        sentence, label = np.argwhere(differs)[0]
        raise ExportError(
            f"int8 and float disagree on {calibration.outputs[label]} in sentence {sentence}: "
            f"{quantized[sentence, label]:.3f} against {exact[sentence, label]:.3f}; "
            "nothing stored."
        )
    return gap
