"""The mean of two adapters' weights, where one was trained on from the other.

    python -m training.emotion.average --adapters RUN/adapter RUN/adapter --output FOLDER

Between a model and its fine-tuned version the mean keeps most of what either knows (Wortsman et
al., 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from training.emotion.trainer import RUN

ADAPTER_WEIGHTS = "adapter_model.safetensors"


def average(adapters: Sequence[Path], target: Path) -> None:
    """Write the mean of the adapters to `target`; they must have the same outputs and rank."""
    weights = [load_file(adapter / ADAPTER_WEIGHTS) for adapter in adapters]
    target.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            name: np.mean([own[name].astype(np.float32) for own in weights], axis=0)
            for name in weights[0]
        },
        target / ADAPTER_WEIGHTS,
    )
    for name in ("adapter_config.json", RUN):
        shutil.copyfile(adapters[-1] / name, target / name)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.average",
        description="Average the weights of adapters.",
    )
    parser.add_argument("--adapters", type=Path, nargs="+", required=True, help="adapter/ of runs")
    parser.add_argument("--output", type=Path, required=True, help="folder for the new adapter")
    given = parser.parse_args()
    average(given.adapters, given.output)
    print(f"written to {given.output}")


if __name__ == "__main__":
    main()
