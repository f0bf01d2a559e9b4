"""Average the weights of two adapters, one of which continues the training of the other.

    python -m training.emotion.average --adapters EARLIER/adapter LATER/adapter --output RUN

A further training on other texts forgets a part of what was known before. The mean of both keeps
most of either (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models",
https://arxiv.org/abs/2109.01903).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import load_file, save_file

from training.command_line import command_parser
from training.emotion.runs import RUN_FILE

_WEIGHTS_FILE: Final = "adapter_model.safetensors"


def average(earlier: Path, later: Path, output: Path) -> Path:
    """Write the mean of two `adapter/` folders to `output`/adapter; return that folder.

    Raises `ValueError` if the adapters have different weights.
    """
    first, second = (load_file(folder / _WEIGHTS_FILE) for folder in (earlier, later))
    if {name: value.shape for name, value in first.items()} != {
        name: value.shape for name, value in second.items()
    }:
        raise ValueError(f"The adapters in {earlier} and {later} have different weights.")
    target = output / "adapter"
    target.mkdir(parents=True, exist_ok=True)
    mean = {
        name: (first[name].astype(np.float32) + second[name].astype(np.float32)) / 2
        for name in first
    }
    save_file(mean, target / _WEIGHTS_FILE)
    shutil.copyfile(later / "adapter_config.json", target / "adapter_config.json")
    shutil.copyfile(later / RUN_FILE, target / RUN_FILE)  # last: marks the step as complete
    return target


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.average", "Average the weights of two adapters of the same encoder."
    )
    parser.add_argument(
        "--adapters",
        type=Path,
        nargs=2,
        required=True,
        metavar=("EARLIER", "LATER"),
        help="adapter/ folders of two runs",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the result")
    args = parser.parse_args()
    earlier, later = args.adapters
    print(f"written to {average(earlier, later, args.output)}")


if __name__ == "__main__":
    main()
