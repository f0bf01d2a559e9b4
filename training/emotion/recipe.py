"""Train the served emotion classifier step by step; the same command resumes.

    python -m training.emotion.recipe --data ../shared/data [--device cuda] [--steps STEP ...]

The model continues the training of `checkpoints/teachers/first-person` on soft labels of both
teachers, BRIGHTER, XED, journal entries and contrast pairs. The last step, `publish`, writes a
complete checkpoint to `RUNS/emotion`. Copying it to `checkpoints/emotion` is a decision for a
person, based on the evaluation programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporting.emotion import ARTIFACT_FILE
from training.emotion import soft_labels
from training.emotion.first_person import FIRST_PERSON_DEV, split_first_person
from training.emotion.runs import RUN_FILE
from training.recipes import RecipeStep, recipe_parser, run_steps, select_steps


@dataclass(frozen=True)
class Student:
    """A model that learns from the soft labels.

    Args:
        name: folder in `--runs` for the published checkpoint.
        encoder: hub id of the encoder.
        adapter: trained adapter to continue from; None starts with a new one.
        examples: files with soft labels; an epoch contains a file as often as it is listed.
        options: further options of `training.emotion.trainer`.
    """

    name: str
    encoder: str
    adapter: Path | None
    examples: tuple[str, ...]
    options: tuple[str, ...]


LARGE: Final = Student(
    name="emotion",
    encoder="sentence-transformers/all-mpnet-base-v2",
    adapter=soft_labels.FIRST_PERSON_TEACHER,
    examples=(
        soft_labels.COMMENTS, soft_labels.BRIGHTER, soft_labels.BRIGHTER_AND_XED,
        soft_labels.JOURNAL, soft_labels.CONTRAST, soft_labels.CONTRAST,
    ),
    options=(
        "--epochs", "1.5", "--batch-size", "64", "--learning-rate", "3e-4",
        "--head-learning-rate", "5e-4", "--save-steps", "100", "--seed", "1",
    ),
)  # fmt: skip


def recipe_steps(
    student: Student, data: Path, runs: Path, device: str, workers: int = 1
) -> list[RecipeStep]:
    """Return the steps in order."""
    run = runs / f"{student.name}-student"
    target = runs / student.name
    adapter = () if student.adapter is None else ("--adapter", str(student.adapter))
    return [
        *soft_labels.soft_label_steps(data, runs, device),
        RecipeStep(
            "student", run / "adapter" / RUN_FILE, "training.emotion.trainer",
            (
                "--model-name", student.encoder, *adapter, "--data", str(data),
                "--device", device, "--workers", str(workers), "--output", str(run),
                *student.options, "--examples", *(str(runs / name) for name in student.examples),
            ),
        ),
        RecipeStep(
            "publish", target / ARTIFACT_FILE, "training.emotion.publish",
            (
                "--adapter", str(run / "adapter"), "--base", student.encoder,
                "--data", str(data), "--first-person", str(runs / FIRST_PERSON_DEV),
                "--target", str(target),
            ),
        ),
    ]  # fmt: skip


def run_recipe(prog: str, description: str, student: Student) -> None:
    """Run the command line of a student's recipe."""
    parser = recipe_parser(prog, description)
    parser.add_argument(
        "--workers", type=int, default=1, help="option of training.emotion.trainer, for a busy CPU"
    )
    args = parser.parse_args()
    steps = recipe_steps(student, args.data, args.runs, args.device, args.workers)
    selected = select_steps(parser, steps, args.steps)
    if args.list:
        print("\n".join(step.name for step in selected))
        return
    split_first_person(args.runs)
    run_steps(selected)


if __name__ == "__main__":
    run_recipe(
        "training.emotion.recipe",
        "Train the served emotion classifier, a student of both teachers, step by step.",
        LARGE,
    )
