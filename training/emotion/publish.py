"""From a finished run to `checkpoints/emotion`: what is committed and what is exported from it.

    python -m training.emotion.publish --adapter RUN/adapter --base ID --data PATH \
        --first-person FILE

Rounds the adapter to float16, traces the graph once by optimum, finds how far its channels stand
out, calibrates the int8 model and writes down the hash that every later export must give.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from exporting import emotion
from exporting.quantization import find_channels, quantize
from exporting.weights import resolve
from runners.text.emoji import spell_emoji
from samo.hashing import sha256
from training.emotion.calibrate import calibrate
from training.emotion.data import load_goemotions
from training.emotion.trainer import MAX_TOKENS, RUN

# Training comments on which it is found how far channels stand out.
CHANNEL_TEXTS = 200


def publish(adapter: Path, base: str, data: Path, first_person: Path, target: Path) -> None:
    """Write adapter, graph, smoothing, outliers, calibration and artifact hash to `target`."""
    target.mkdir(parents=True, exist_ok=True)
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = base
    (target / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    run = json.loads((adapter / RUN).read_text(encoding="utf-8"))
    run["model_name"] = base
    (target / RUN).write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file(
        {name: value.astype("float16") for name, value in weights.items()},
        target / "adapter_model.safetensors",
    )
    train = load_goemotions(data / "goemotions", "train")
    names = {field: run[field] for field in ("labels", "moods", "contexts")}
    (target / emotion.CALIBRATION).write_text(json.dumps(names))
    checkpoint = emotion.Checkpoint(target, resolve(base), base)
    with tempfile.TemporaryDirectory() as scratch:
        float_model = emotion.export_by_optimum(checkpoint, Path(scratch) / "float")
        emotion.strip_graph(float_model, checkpoint.merged_weights(), target / emotion.GRAPH)
        exported = Path(scratch) / "exported"
        exported.mkdir()
        int8_model = Path(scratch) / "int8.onnx"
        tokenizer = Tokenizer.from_file(str(checkpoint.base / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        texts = train.texts[:CHANNEL_TEXTS]
        smoothing, outliers = find_channels(
            float_model,
            (
                np.asarray(tokenizer.encode(spell_emoji(text)[0]).ids, dtype=np.int64)
                for text in texts
            ),
        )
        save_file(smoothing, target / emotion.SMOOTHING)
        (target / emotion.OUTLIERS).write_text(json.dumps(outliers) + "\n")
        quantize(float_model, int8_model, smoothing, outliers)
        emotion.write_folder(checkpoint, int8_model, exported)
        calibration = calibrate(exported, data, first_person)
        (target / emotion.CALIBRATION).write_text(json.dumps(calibration, indent=1) + "\n")
        (target / emotion.ARTIFACT).write_text(
            json.dumps({"model.onnx": sha256(exported / "model.onnx")}, indent=1) + "\n"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.publish",
        description="Turn a finished run into the committed checkpoint.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--adapter", type=Path, required=True, help="adapter/ of a finished run")
    parser.add_argument("--base", required=True, help="id of the base checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="folder of goemotions/, text/")
    parser.add_argument(
        "--first-person", type=Path, required=True, help="lesson file that was kept for calibration"
    )
    parser.add_argument("--target", type=Path, default=Path("checkpoints/emotion"))
    given = parser.parse_args()
    publish(given.adapter, given.base, given.data, given.first_person, given.target)
    print(f"published to {given.target}")


if __name__ == "__main__":
    main()
