"""Export the emotion classifier: base and adapter are merged, written as ONNX, and verified.

There are two ways to the float32 graph. `export_by_optimum` traces the PyTorch model, works for any
checkpoint and needs the `export` extra. `fill_graph` puts the merged weights into the traced graph
in the folder of the committed adapter; it needs neither torch nor transformers, which take several
gigabytes. A test checks that both return the same bytes.

The committed adapter is stored in float16, which also makes the merged weights the same on every
machine: products of float16 numbers and their sums are exact in float64, whatever the linear
algebra library.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from safetensors.numpy import load_file

from exporting.activations import Activations
from exporting.errors import ExportError
from exporting.weights import UPSTREAM, WeightsSource, resolve
from runners.emotion.calibration import EmotionCalibration

if TYPE_CHECKING:
    from exporting.emotion_network import EmotionNetwork

Weights = dict[str, npt.NDArray[np.float32]]

GRAPH_FILE: Final = "graph.onnx"
CALIBRATION_FILE: Final = "calibration.json"
ARTIFACT_FILE: Final = "artifact.json"
GOLDEN_FILE: Final = "golden.json"
OPSET: Final = 17
# Weights with at least this many values are removed from the committed graph.
LARGE_WEIGHT: Final = 1024
# Largest difference between an int8 and a float probability.
PARITY_TOLERANCE: Final = 0.1
# int8 may decide differently from float if the float probability is this close to the threshold.
PARITY_MARGIN: Final = 0.03

# Sentences of every sentiment: plain and slang, short and long.
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


@dataclass(frozen=True)
class AdapterCheckpoint:
    """The folder of a trained adapter, and the folder and id of its base model."""

    adapter: Path
    base: Path
    base_name: str

    @classmethod
    def open(cls, adapter: Path, source: WeightsSource) -> Self:
        """Read the adapter's configuration and download its base from `source` if necessary.

        Raises `ExportError` if the folder has no adapter and `WeightsError` without a base.
        """
        config_path = adapter / "adapter_config.json"
        if not config_path.is_file():
            raise ExportError(
                f"{adapter} has no adapter_config.json: name the folder of an adapter that "
                "training.emotion.publish wrote."
            )
        base_name = json.loads(config_path.read_text())["base_model_name_or_path"]
        return cls(adapter, resolve(base_name, source), base_name)

    @property
    def output_names(self) -> list[str]:
        """Labels, then moods, then contexts, in the order of the logits."""
        calibration = json.loads((self.adapter / CALIBRATION_FILE).read_text(encoding="utf-8"))
        return [
            *calibration["labels"],
            *calibration.get("moods", ()),
            *calibration.get("contexts", ()),
        ]

    @property
    def activations(self) -> Activations:
        """What int8 quantization is built on. Raises `ExportError` if it was not measured."""
        return Activations.load(self.adapter)

    @property
    def licence(self) -> str:
        """Licence of the base model."""
        upstream = UPSTREAM.get(self.base_name)
        return upstream.licence if upstream else "see the model hub"

    def merged_weights(self) -> Weights:
        """All weights by their PyTorch names; a linear layer's is base + (alpha / rank) · B·A."""
        config = json.loads((self.adapter / "adapter_config.json").read_text())
        lora_scale = config["lora_alpha"] / config["r"]
        weights = {
            f"encoder.{name}": np.asarray(value, dtype=np.float32)
            for name, value in load_file(self.base / "model.safetensors").items()
            if not name.startswith("pooler.")
        }
        trained = load_file(self.adapter / "adapter_model.safetensors")
        for name, value in trained.items():
            target_name = name.removeprefix("base_model.model.")
            if target_name.endswith(".lora_A.weight"):
                target_name = target_name.replace(".lora_A.weight", ".weight")
                lora_b = trained[name.replace(".lora_A.", ".lora_B.")]
                delta = lora_b.astype(np.float64) @ value.astype(np.float64)
                merged = weights[target_name] + lora_scale * delta
                weights[target_name] = merged.astype(np.float32)
            elif ".lora_B." not in target_name:
                weights[target_name] = value.astype(np.float32)
        return weights

    def network(self) -> EmotionNetwork:
        """The PyTorch model with the merged weights, in evaluation mode; needs torch."""
        import torch

        from exporting.emotion_network import EmotionNetwork

        network = EmotionNetwork.from_encoder(str(self.base), self.output_names)
        weights = self.merged_weights()
        network.load_state_dict(
            {
                name: torch.from_numpy(weights[name]) if name in weights else value
                for name, value in network.state_dict().items()
            }
        )
        network.eval()
        return network


def export_by_optimum(checkpoint: AdapterCheckpoint, target: Path) -> Path:
    """Trace the merged PyTorch model with optimum; return `target`/model.onnx in float32."""
    from optimum.exporters.onnx import export
    from optimum.exporters.tasks import TasksManager

    network = checkpoint.network()
    onnx_config = TasksManager.get_exporter_config_constructor(
        "onnx",
        model_type=network.config.model_type,
        task="text-classification",
        library_name="transformers",
    )(network.config)
    # The network has no other inputs; BERT's configuration would add `token_type_ids`.
    inputs = {name: onnx_config.inputs[name] for name in ("input_ids", "attention_mask")}
    onnx_config.__class__ = type(
        "EmotionOnnxConfig", (type(onnx_config),), {"inputs": property(lambda _self: inputs)}
    )
    target.mkdir(parents=True, exist_ok=True)
    path = target / "model.onnx"
    export(network, onnx_config, path, opset=OPSET)
    return path


def strip_graph(model_path: Path, weights: Weights, target: Path) -> None:
    """Write the graph at `model_path` to `target` without the large weights among `weights`.

    The initializer of a removed weight stays, empty. Its doc string is the PyTorch name of the
    weight, with ".T" if the graph contains the transpose.
    """
    model = onnx.load(model_path)
    names = {}
    for name, value in weights.items():
        if value.size >= LARGE_WEIGHT:
            names[_content_key(value)] = name
            if value.ndim == 2:
                names[_content_key(value.T)] = f"{name}.T"
    for initializer in model.graph.initializer:
        value = numpy_helper.to_array(initializer)
        matching_name = names.get(_content_key(value))
        if value.size >= LARGE_WEIGHT and matching_name is not None:
            initializer.ClearField("raw_data")
            initializer.doc_string = matching_name
    onnx.save(model, target)


def _content_key(value: npt.NDArray[Any]) -> tuple[tuple[int, ...], int]:
    return value.shape, hash(np.ascontiguousarray(value).tobytes())


def fill_graph(checkpoint: AdapterCheckpoint, target: Path) -> Path:
    """Put the merged weights into the committed graph; return `target`/model.onnx in float32."""
    weights = checkpoint.merged_weights()
    model = onnx.load(checkpoint.adapter / GRAPH_FILE)
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


def write_folder(checkpoint: AdapterCheckpoint, model: Path, target: Path) -> None:
    """Move `model` to `target` and add the files that `EmotionClassifier.load` reads with it."""
    shutil.move(model, target / "model.onnx")
    shutil.copyfile(checkpoint.base / "tokenizer.json", target / "tokenizer.json")
    shutil.copyfile(checkpoint.adapter / CALIBRATION_FILE, target / CALIBRATION_FILE)


def write_golden(float_probabilities: npt.NDArray[np.float32], target: Path) -> None:
    """Write the golden sample: the first parity sentence with its float probabilities.

    `EmotionClassifier.warm_up` compares its probabilities with these.
    """
    golden = {
        "text": PARITY_SENTENCES[0],
        "probabilities": [round(float(value), 4) for value in float_probabilities],
        "tolerance": PARITY_TOLERANCE,
    }
    (target / GOLDEN_FILE).write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


def check_parity(
    float_probabilities: Sequence[npt.NDArray[np.float32]],
    probabilities: Sequence[npt.NDArray[np.float32]],
    calibration: EmotionCalibration,
) -> float:
    """Return the largest gap between the float and the int8 model on `PARITY_SENTENCES`.

    Both sequences have one array of shape (outputs,) per sentence. Raises `ExportError` if the gap
    exceeds `PARITY_TOLERANCE`, or if the models decide differently on a label whose float
    probability is not within `PARITY_MARGIN` of its threshold.
    """
    exact, quantized = np.stack(float_probabilities), np.stack(probabilities)
    gap = float(np.abs(exact - quantized).max())
    if gap > PARITY_TOLERANCE:
        raise ExportError(
            f"The int8 model differs from the float model by {gap:.3f}, more than "
            f"{PARITY_TOLERANCE}."
        )
    thresholds = np.concatenate(
        [calibration.thresholds, calibration.mood_thresholds, calibration.context_thresholds]
    )
    is_clear_of_threshold = np.abs(exact - thresholds) > PARITY_MARGIN
    differs = is_clear_of_threshold & ((exact >= thresholds) != (quantized >= thresholds))
    if differs.any():
        sentence, label = np.argwhere(differs)[0]
        raise ExportError(
            f"The int8 and the float model disagree on {calibration.outputs[label]} in parity "
            f"sentence {sentence}: {quantized[sentence, label]:.3f} and "
            f"{exact[sentence, label]:.3f}."
        )
    return gap
