"""Write a complete checkpoint, as in `checkpoints/emotion`, from a finished run.

    python -m training.emotion.publish --adapter RUN/adapter --base ID --data ../shared/data \
        --first-person FILE --target FOLDER

With `--calibration FILE` no thresholds are tuned. This quantizes a published adapter, which is its
own run folder, again.

The adapter is rounded to float16, the graph is traced once with optimum, its activations are
measured for int8, and the int8 model is calibrated. `artifact.json`, the hash that every later
export must have, is written last.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from exporting import emotion
from exporting.activations import measure
from exporting.quantization import quantize
from exporting.weights import resolve
from runners.text.emoji import spell_emoji
from samo.hashing import sha256
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.emotion.batches import MAX_TOKENS
from training.emotion.calibrate import calibrate
from training.emotion.data import load_goemotions, read_lines
from training.emotion.runs import RUN_FILE

# Activations are measured on this many training comments and as many first-person texts.
ACTIVATION_TEXTS: Final = 200


# Returns the content of `calibration.json` for an exported folder.
Calibrate = Callable[[Path], dict[str, Any]]


def publish(
    adapter: Path, base: str, texts: Sequence[str], calibration: Calibrate, target: Path
) -> None:
    """Write the checkpoint of `adapter`, trained from the base model `base`, to `target`.

    Activations are measured on `texts`.
    """
    target.mkdir(parents=True, exist_ok=True)
    _copy_adapter(adapter, base, target)
    checkpoint = emotion.AdapterCheckpoint(target, resolve(base), base)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        float_model = emotion.export_by_optimum(checkpoint, scratch / "float")
        emotion.strip_graph(float_model, checkpoint.merged_weights(), target / emotion.GRAPH_FILE)
        activations = measure(float_model, _token_ids(checkpoint.base, texts))
        activations.save(target)
        int8_model = scratch / "int8.onnx"
        quantize(float_model, int8_model, activations)
        exported = scratch / "exported"
        exported.mkdir()
        emotion.write_folder(checkpoint, int8_model, exported)
        _write_json(target / emotion.CALIBRATION_FILE, calibration(exported))
        artifact = {"model.onnx": sha256(exported / "model.onnx")}
        _write_json(target / emotion.ARTIFACT_FILE, artifact)


def _copy_adapter(adapter: Path, base: str, target: Path) -> None:
    """Copy the adapter with float16 weights and without local paths."""
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = base
    (target / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    run = json.loads((adapter / RUN_FILE).read_text(encoding="utf-8"))
    run["model_name"] = base
    _write_json(target / RUN_FILE, run)
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file(
        {name: value.astype("float16") for name, value in weights.items()},
        target / "adapter_model.safetensors",
    )
    # The export reads the names of the outputs from the calibration, which is not chosen yet.
    names = {field: run[field] for field in ("labels", "moods", "contexts")}
    (target / emotion.CALIBRATION_FILE).write_text(json.dumps(names))


def _activation_texts(data: Path, first_person: Path) -> list[str]:
    comments = load_goemotions(data, "train").texts[:ACTIVATION_TEXTS]
    examples = islice(read_lines([first_person]), ACTIVATION_TEXTS)
    return [*comments, *(example["text"] for _, example in examples)]


def _token_ids(base: Path, texts: Sequence[str]) -> Iterator[Array]:
    """Token ids of each text, of shape (tokens,) and dtype int64."""
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    for text in texts:
        yield np.asarray(tokenizer.encode(spell_emoji(text)[0]).ids, dtype=np.int64)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def _calibration(args: argparse.Namespace) -> Calibrate:
    if args.calibration is None:
        return partial(calibrate, data=args.data, first_person=args.first_person)
    kept: dict[str, Any] = json.loads(args.calibration.read_text(encoding="utf-8"))
    return lambda _exported: kept


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.publish", "Write a complete checkpoint from a finished run."
    )
    parser.add_argument("--adapter", type=Path, required=True, help="adapter/ of a finished run")
    parser.add_argument("--base", required=True, help="hub id of the base model")
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--first-person",
        type=Path,
        required=True,
        help="file of first-person examples that were not trained on, for thresholds and ranges",
    )
    parser.add_argument(
        "--calibration", type=Path, help="calibration.json to keep instead of choosing one"
    )
    parser.add_argument(
        "--target", type=Path, required=True, help="folder of the checkpoint to write"
    )
    args = parser.parse_args()
    texts = _activation_texts(args.data, args.first_person)
    publish(args.adapter, args.base, texts, _calibration(args), args.target)
    print(f"checkpoint written to {args.target}")


if __name__ == "__main__":
    main()
