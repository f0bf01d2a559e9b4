"""Compare the figures of the emotion model with those of the previously served model.

    python -m training.emotion.former --data ../shared/data --model FOLDER \
        --checkpoint checkpoints/emotion

The command evaluates the previously served model, exported to FOLDER, and writes its figures to
`former.json` in the checkpoint of the new model. The evaluations of the new model then print both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from training.command_line import DATA_HELP, command_parser, print_json, print_table
from training.emotion.served import default_checkpoint, exported_model

FORMER_FILE: Final = "former.json"


@dataclass(frozen=True)
class Evaluation:
    """How an evaluation is run.

    Args:
        needs_data: whether it has an option `--data`.
        model_option: option for the folder of the emotion model.
        options: further options.

    """

    needs_data: bool = True
    model_option: str = "--model"
    options: tuple[str, ...] = ()


# By module.
EVALUATIONS: Final[Mapping[str, Evaluation]] = {
    "training.emotion.evaluate": Evaluation(),
    "training.emotion.evaluate_contrast": Evaluation(needs_data=False),
    "training.emotion.evaluate_groups": Evaluation(),
    "training.emotion.evaluate_entries": Evaluation(),
    "training.emotion.evaluate_reasons": Evaluation(needs_data=False),
    "training.summarizer.evaluate": Evaluation(
        model_option="--emotion", options=("--split", "test")
    ),
}


def print_figures(
    evaluation: str, figures: Mapping[str, Any], model: Path, *, is_default: bool = True
) -> None:
    """Print a table of the figures and the former model's, if they are known; then the JSON.

    Args:
        evaluation: one of `EVALUATIONS`.
        figures: of the model.
        model: folder of the exported model.
        is_default: whether the texts are those on which the former model was evaluated; otherwise
            its figures are not printed.

    """
    path = default_checkpoint(model) / FORMER_FILE
    is_known = is_default and path.is_file()
    former = json.loads(path.read_text(encoding="utf-8")) if is_known else {}
    before = dict(_numbers(former.get(evaluation, {})))
    rows = {
        name: {"before": before[name], "now": value, "difference": value - before[name]}
        for name, value in _numbers(figures)
        if name in before
    }
    if rows:
        print_table("Compared with the previously served model", rows)
    print_json(figures)


def _numbers(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The fractions among nested figures, with their path as the name; no counts."""
    for name, value in figures.items():
        path = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{path}, ")
        elif isinstance(value, float):
            yield path, value


def evaluate(module: str, data: Path, model: Path) -> Any:
    """Run an evaluation of the exported model in `model`; return the figures of its last line."""
    evaluation = EVALUATIONS[module]
    options = [evaluation.model_option, str(model), *evaluation.options]
    if evaluation.needs_data:
        options += ["--data", str(data)]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", module, *options],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.former",
        "Save the figures of the previously served model, which the evaluations then print, too.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--model", type=exported_model, required=True, help="folder of the exported former model"
    )
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="checkpoint of the new model"
    )
    args = parser.parse_args()
    figures = {name: evaluate(name, args.data, args.model) for name in EVALUATIONS}
    path = args.checkpoint / FORMER_FILE
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
