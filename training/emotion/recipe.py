"""Train the served emotion classifier step by step; the same command resumes.

    python -m training.emotion.recipe --data ../shared/data [--device cuda] [--steps STEP ...]

The model continues the training of `checkpoints/teachers/first-person` in four stages, on soft
labels of the teachers, BRIGHTER, XED, journal entries and contrast pairs, then also on texts with
emoji, and at last on texts with hidden words. The weights of the last two stages are averaged. The
last steps, `publish` and `reasons`, write a complete checkpoint to `RUNS/emotion`. Copying it to
`checkpoints/emotion` is a decision for a person, based on the evaluation programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporting.emotion import ARTIFACT_FILE
from exporting.reason_head import REASONS_FILE
from training.emotion import soft_labels
from training.emotion.first_person import EMOJI_TRAIN, FIRST_PERSON_DEV, split_first_person
from training.emotion.runs import RUN_FILE
from training.recipes import RecipeStep, recipe_parser, run_steps, select_steps


@dataclass(frozen=True)
class Stage:
    """A training that continues from the stage before.

    Args:
        name: of its step.
        examples: files in `--runs`; an epoch contains a file as often as it is listed.
        options: further options of `training.emotion.trainer`.
    """

    name: str
    examples: tuple[str, ...]
    options: tuple[str, ...]


@dataclass(frozen=True)
class Student:
    """A model that learns from the soft labels.

    Args:
        name: folder in `--runs` for the published checkpoint.
        encoder: hub id of the encoder.
        adapter: trained adapter to continue from; None starts with a new one.
        stages: its trainings, in order.
        averaged: whether the mean of the last two stages is published instead of the last one.
    """

    name: str
    encoder: str
    adapter: Path | None
    stages: tuple[Stage, ...]
    averaged: bool = False


LARGE: Final = Student(
    name="emotion",
    encoder="sentence-transformers/all-mpnet-base-v2",
    adapter=soft_labels.FIRST_PERSON_TEACHER,
    stages=(
        Stage(
            name="student",
            examples=(
                soft_labels.COMMENTS, soft_labels.BRIGHTER, soft_labels.BRIGHTER_AND_XED,
                soft_labels.JOURNAL, *2 * (soft_labels.CONTRAST,),
            ),
            options=(
                "--epochs", "1.5", "--batch-size", "64", "--learning-rate", "3e-4",
                "--head-learning-rate", "5e-4", "--save-steps", "100", "--seed", "1",
            ),
        ),
        Stage(
            name="student-more-contrasts",
            examples=(
                soft_labels.COMMENTS_WITH_SMALL, soft_labels.BRIGHTER,
                soft_labels.BRIGHTER_AND_XED, soft_labels.JOURNAL, *2 * (soft_labels.CONTRAST,),
                *3 * (soft_labels.CONTRAST_THIRD,),
            ),
            options=(
                "--epochs", "0.52", "--batch-size", "64", "--learning-rate", "2e-4",
                "--head-learning-rate", "4e-4", "--save-steps", "100", "--seed", "2",
            ),
        ),
        Stage(
            name="student-emoji",
            examples=(
                soft_labels.COMMENTS_WITH_SMALL, *4 * (soft_labels.BRIGHTER,),
                *2 * (soft_labels.BRIGHTER_AND_XED,), *2 * (soft_labels.JOURNAL,),
                *2 * (soft_labels.CONTRAST,), *4 * (soft_labels.CONTRAST_THIRD,),
                *6 * (soft_labels.CONTRAST_FOURTH,), *8 * (EMOJI_TRAIN,),
            ),
            options=(
                "--epochs", "0.31", "--batch-size", "64", "--learning-rate", "1.5e-4",
                "--head-learning-rate", "3e-4", "--save-steps", "100", "--seed", "3",
            ),
        ),
        Stage(
            name="student-hidden-words",
            examples=(
                soft_labels.COMMENTS_WITH_SMALL, *3 * (soft_labels.BRIGHTER,),
                *3 * (soft_labels.BRIGHTER_AND_XED,), *3 * (soft_labels.JOURNAL,),
                *3 * (soft_labels.CONTRAST,), *3 * (soft_labels.CONTRAST_THIRD,),
                *6 * (soft_labels.CONTRAST_FOURTH,), *6 * (soft_labels.CONTRAST_FIFTH,),
                *9 * (EMOJI_TRAIN,), *2 * (soft_labels.HIDDEN_WORDS,),
            ),
            options=(
                "--epochs", "0.3", "--batch-size", "64", "--learning-rate", "2e-4",
                "--head-learning-rate", "3e-4", "--save-steps", "100", "--seed", "4",
            ),
        ),
    ),
    averaged=True,
)  # fmt: skip


def recipe_steps(
    student: Student, data: Path, runs: Path, device: str, workers: int = 1
) -> list[RecipeStep]:
    """Return the steps in order."""
    needed = {name for stage in student.stages for name in stage.examples}
    steps = soft_labels.soft_label_steps(data, runs, device, needed)
    adapter = student.adapter
    for stage in student.stages:
        run = runs / f"{student.name}-{stage.name}"
        continued = () if adapter is None else ("--adapter", str(adapter))
        adapter = run / "adapter"
        steps.append(
            RecipeStep(
                stage.name, adapter / RUN_FILE, "training.emotion.trainer",
                (
                    "--model-name", student.encoder, *continued, "--data", str(data),
                    "--device", device, "--workers", str(workers), "--output", str(run),
                    *stage.options, "--examples", *(str(runs / name) for name in stage.examples),
                ),
            )
        )  # fmt: skip
    if student.averaged:
        last_two = [
            str(runs / f"{student.name}-{one.name}" / "adapter") for one in student.stages[-2:]
        ]
        run = runs / f"{student.name}-average"
        adapter = run / "adapter"
        steps.append(
            RecipeStep(
                "average", adapter / RUN_FILE, "training.emotion.average",
                ("--output", str(run), "--adapters", *last_two),
            )
        )  # fmt: skip
    target = runs / student.name
    steps.append(
        RecipeStep(
            "publish", target / ARTIFACT_FILE, "training.emotion.publish",
            (
                "--adapter", str(adapter), "--base", student.encoder, "--data", str(data),
                "--first-person", str(runs / FIRST_PERSON_DEV), "--target", str(target),
            ),
        )
    )  # fmt: skip
    steps.append(
        RecipeStep(
            "reasons", target / REASONS_FILE, "training.emotion.fit_reasons",
            ("--checkpoint", str(target)),
        )
    )  # fmt: skip
    return steps


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
