"""Train the small emotion classifier step by step; the same command resumes.

    python -m training.emotion.recipe_small --data ../shared/data [--device cuda] [--steps STEP ...]

A LoRA adapter for all-MiniLM-L6-v2 (22.7 M parameters) learns from two larger models, the served
checkpoints/emotion and checkpoints/emotion-next. The last step, `publish`, writes a complete
checkpoint to `RUNS/emotion-small`, as checkpoints/emotion-small is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from exporting.emotion import ARTIFACT_FILE
from exporting.store import ROOT
from training.emotion.recipe import FIRST_PERSON, FIRST_PERSON_DEV, split_first_person
from training.emotion.runs import RUN_FILE
from training.recipes import RecipeStep, recipe_parser, run_steps, select_steps

ENCODER: Final = "sentence-transformers/all-MiniLM-L6-v2"
SERVED: Final = ROOT / "checkpoints" / "emotion"
NEXT: Final = ROOT / "checkpoints" / "emotion-next"
# Folder in RUNS for the steps' results; RUNS/emotion is the recipe of the large model.
FOLDER: Final = "small"
XED_LINES: Final = "2000"
EDOS_LINES: Final = "3000"
UNLABELLED_SENTENCES: Final = "5000"
# Weights of the labels by people in the soft labels; the rest is the teachers'.
COMMENTS_GOLD_SHARE: Final = "0.4"
FIRST_PERSON_GOLD_SHARE: Final = "0.7"
# How often an epoch contains the first-person texts.
FIRST_PERSON_REPEATS: Final = 2
STUDENT: Final = (
    "--rank", "64", "--epochs", "2.4", "--batch-size", "64", "--learning-rate", "7e-4",
    "--head-learning-rate", "1.5e-3", "--save-steps", "200", "--seed", "1",
)  # fmt: skip


def recipe_steps(data: Path, runs: Path, device: str, workers: int = 1) -> list[RecipeStep]:
    """Return the steps in order."""
    folder = runs / FOLDER
    data_option = ("--data", str(data))

    def path(name: str) -> str:
        return str(folder / name)

    def examples_step(name: str, module: str, *arguments: str) -> RecipeStep:
        """A step that writes the file of examples NAME.jsonl."""
        target = folder / f"{name}.jsonl"
        arguments = (*data_option, "--output", str(target), *arguments)
        return RecipeStep(name, target, f"training.emotion.{module}", arguments)

    def soft_labels_step(
        name: str, teachers: Sequence[Path], module: str, *arguments: str
    ) -> RecipeStep:
        return examples_step(
            name, module, "--device", device, "--teachers", *map(str, teachers), *arguments
        )

    student = folder / "student"
    target = runs / "emotion-small"
    return [
        examples_step("comments", "augment", "--unchanged"),
        examples_step("unlabelled", "unlabelled", "--sentences", UNLABELLED_SENTENCES),
        soft_labels_step(
            "soft-comments", [SERVED, NEXT], "distill",
            "--gold-share", COMMENTS_GOLD_SHARE, "--examples", path("comments.jsonl"),
        ),
        # The next model is the better teacher of first-person texts,
        soft_labels_step(
            "soft-first-person", [NEXT], "distill",
            "--gold-share", FIRST_PERSON_GOLD_SHARE, "--examples", *map(path, FIRST_PERSON),
        ),
        soft_labels_step(
            "soft-unlabelled", [NEXT], "distill", "--examples", path("unlabelled.jsonl")
        ),
        # and the served one of these corpora.
        soft_labels_step(
            "soft-groups", [SERVED], "group_labels", "--xed", XED_LINES, "--edos", EDOS_LINES
        ),
        RecipeStep(
            "student", student / "adapter" / RUN_FILE, "training.emotion.trainer",
            (
                "--model-name", ENCODER, *data_option, "--device", device,
                "--workers", str(workers), "--output", str(student), *STUDENT, "--examples",
                *map(path, ("soft-comments.jsonl", "soft-groups.jsonl", "soft-unlabelled.jsonl")),
                *[path("soft-first-person.jsonl")] * FIRST_PERSON_REPEATS,
            ),
        ),
        RecipeStep(
            "publish", target / ARTIFACT_FILE, "training.emotion.publish",
            (
                "--adapter", str(student / "adapter"), "--base", ENCODER, *data_option,
                "--first-person", path(FIRST_PERSON_DEV), "--target", str(target),
            ),
        ),
    ]  # fmt: skip


def main() -> None:
    """Run the command line."""
    parser = recipe_parser(
        "training.emotion.recipe_small",
        "Train the small emotion classifier step by step: a student of checkpoints/emotion and "
        "checkpoints/emotion-next.",
    )
    parser.add_argument(
        "--workers", type=int, default=1, help="option of training.emotion.trainer, for a busy CPU"
    )
    args = parser.parse_args()
    steps = recipe_steps(args.data, args.runs, args.device, args.workers)
    selected = select_steps(parser, steps, args.steps)
    if args.list:
        print("\n".join(step.name for step in selected))
        return
    folder = args.runs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / FIRST_PERSON_DEV).is_file():
        split_first_person(folder)
    run_steps(selected)


if __name__ == "__main__":
    main()
