"""infinity's classify on its optimum engine, with its own dynamic batching.

Writes a folder in the layout that infinity needs: the same `model.onnx` and `tokenizer.json` with
a Hugging Face config. infinity returns the sigmoid of the logits for all outputs, without SAMO's
temperature and thresholds.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from loadtests.peers.model import FOLDER_VARIABLE, MAX_BATCH, THREADS_VARIABLE, port


def write_hub_folder(source: Path, target: Path) -> None:
    """Copy the model of `source` to `target` and write the files that transformers needs."""
    calibration = json.loads((source / "calibration.json").read_text(encoding="utf-8"))
    names = [*calibration["labels"], *calibration.get("moods", [])]
    for path in (*source.glob("model.onnx*"), source / "tokenizer.json"):
        shutil.copyfile(path, target / path.name)  # infinity refuses weights behind a link
    config = {
        "model_type": "mpnet",
        "architectures": ["MPNetForSequenceClassification"],
        "problem_type": "multi_label_classification",
        "id2label": dict(enumerate(names)),
        "label2id": {name: number for number, name in enumerate(names)},
        "vocab_size": 30527,
        "max_position_embeddings": 514,
    }
    tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 256,
        "model_input_names": ["input_ids", "attention_mask"],
        "pad_token": "<pad>",
        "mask_token": "<mask>",
        "unk_token": "[UNK]",
    }
    for file, content in (("config.json", config), ("tokenizer_config.json", tokenizer)):
        (target / file).write_text(json.dumps(content), encoding="utf-8")


def main() -> None:
    """Write the folder, then run infinity's command line in this process."""
    folder = Path(tempfile.mkdtemp(prefix="infinity-"))
    write_hub_folder(Path(os.environ[FOLDER_VARIABLE]).resolve(), folder)
    os.environ["OMP_NUM_THREADS"] = os.environ[THREADS_VARIABLE]
    os.environ["INFINITY_ONNX_DISABLE_OPTIMIZE"] = "1"  # the same graph as for the other servers
    os.environ["DO_NOT_TRACK"] = "1"
    # Given a path, infinity passes a name to optimum that optimum cannot find; "." works.
    os.chdir(folder)
    command = Path(sys.executable).parent / "infinity_emb"
    os.execv(  # noqa: S606  # no shell
        command,
        [
            str(command), "v2", "--model-id", ".", "--served-model-name", "emotion",
            "--engine", "optimum", "--device", "cpu", "--batch-size", str(MAX_BATCH),
            "--no-model-warmup", "--host", "127.0.0.1", "--port", str(port()),
            "--log-level", "warning",
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
