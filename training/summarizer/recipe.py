"""Train the summarizer step by step; the same command resumes.

    python -m training.summarizer.recipe --data ../shared/data [--device cuda] [--steps STEP ...]

This repeats the training of `checkpoints/summarizer`: `copy`, from initial weights that copy, then
`refine`, which continues with a lower learning rate, and `publish`, which writes a complete
checkpoint to `RUNS/summarizer`. Other hardware rounds differently, so the weights are not the same
to the bit. Copying them to `checkpoints/summarizer` is a decision for a person, based on
`training.summarizer.evaluate`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from exporting.summarizer import INT8_FOLDER
from runners.summarizer.config import CONFIG_FILE
from training.recipes import RecipeStep, recipe_parser, run_steps, select_steps

COPY: Final = ("--steps", "2500", "--eval-steps", "1250")
REFINE: Final = (
    "--steps", "2000", "--eval-steps", "2000", "--learning-rate", "6e-4", "--warmup-steps", "100",
    "--seed", "1",
)  # fmt: skip
SAVE_STEPS: Final = "200"


def recipe_steps(data: Path, runs: Path, device: str) -> list[RecipeStep]:
    """Return the steps in order."""
    copy, refine, target = (runs / f"summarizer{suffix}" for suffix in ("-copy", "-refine", ""))
    common = ("--data", str(data), "--device", device, "--save-steps", SAVE_STEPS)

    def training_step(name: str, run: Path, *arguments: str) -> RecipeStep:
        return RecipeStep(
            name, run / "model", "training.summarizer.trainer",
            (*common, "--output", str(run), *arguments),
        )  # fmt: skip

    return [
        training_step("copy", copy, *COPY),
        training_step("refine", refine, *REFINE, "--model-name", str(copy / "model")),
        RecipeStep(
            "publish",
            target / INT8_FOLDER / CONFIG_FILE,
            "training.summarizer.publish",
            ("--run", str(refine / "model"), "--target", str(target)),
        ),
    ]


def main() -> None:
    """Run the command line."""
    parser = recipe_parser(
        "training.summarizer.recipe",
        "Repeat the training of checkpoints/summarizer step by step. The result is written to "
        "RUNS/summarizer.",
    )
    args = parser.parse_args()
    steps = select_steps(parser, recipe_steps(args.data, args.runs, args.device), args.steps)
    if args.list:
        print("\n".join(step.name for step in steps))
        return
    args.runs.mkdir(parents=True, exist_ok=True)
    run_steps(steps)


if __name__ == "__main__":
    main()
