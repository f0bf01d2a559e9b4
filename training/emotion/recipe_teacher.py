"""Train the teacher of first-person texts step by step; the same command resumes.

    python -m training.emotion.recipe_teacher --data ../shared/data --device cuda [--steps STEP ...]

The step `student` repeats the training of `checkpoints/teachers/first-person`: a student that
learns from five larger teachers, for which a GPU is needed. `training.emotion.recipe` continues
its training. Each step writes a file or folder under `--runs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from training.emotion.contrast import TRAINING_SET
from training.emotion.first_person import JOURNAL, split_first_person
from training.emotion.runs import RUN_FILE
from training.recipes import RecipeStep, recipe_parser, run_steps, select_steps

ENCODER: Final = "sentence-transformers/all-mpnet-base-v2"
# First-person texts, by the file with their training part. The later contrast pairs were written
# after this training.
SOURCES: Final = {"journal-train.jsonl": JOURNAL, "contrast-train.jsonl": (TRAINING_SET,)}
# How often an epoch of the teachers and of the student contains the first-person texts.
FIRST_PERSON_REPEATS: Final = 3

# Seeds of the two augmented versions of GoEmotions' comments.
COMMENT_SEEDS: Final = (0, 1)
TEACHER: Final = ("--full", "--epochs", "3", "--batch-size", "64", "--save-steps", "500")
# Options in which the teachers differ, so that their errors differ.
TEACHERS: Final[tuple[tuple[str, ...], ...]] = (
    ("--learning-rate", "4e-5", "--layer-decay", "0.9"),
    ("--learning-rate", "4e-5", "--layer-decay", "0.9"),
    ("--learning-rate", "5e-5", "--layer-decay", "0.9", "--r-drop", "0.5"),
    ("--learning-rate", "5e-5", "--layer-decay", "0.9", "--r-drop", "0.5"),
    ("--learning-rate", "3e-5", "--layer-decay", "1.0"),
)
# Weights of the labels by people in the soft labels; the rest is the teachers'.
COMMENTS_GOLD_SHARE: Final = "0.4"
FIRST_PERSON_GOLD_SHARE: Final = "0.7"
XED_LINES: Final = "10000"
STUDENT: Final = (
    "--rank", "32", "--epochs", "3.7", "--batch-size", "384", "--learning-rate", "9e-4",
    "--head-learning-rate", "1e-3", "--save-steps", "200", "--seed", "1",
)  # fmt: skip


class _Recipe:
    """Paths and common options of the steps."""

    def __init__(self, data: Path, runs: Path, encoder: str, device: str) -> None:
        self._data = ("--data", str(data))
        self._device = ("--device", device)
        self._encoder = ("--model-name", encoder)
        self._runs = runs
        self._teachers = (
            "--teachers", *(self._path(f"teacher-{i}/adapter") for i in range(len(TEACHERS)))
        )  # fmt: skip

    def _path(self, name: str) -> str:
        return str(self._runs / name)

    def _paths(self, *names: str) -> list[str]:
        return [self._path(name) for name in names]

    def _examples_step(self, name: str, module: str, *arguments: str) -> RecipeStep:
        """A step that writes the file of examples NAME.jsonl."""
        target = self._runs / f"{name}.jsonl"
        return RecipeStep(
            name, target, f"training.emotion.{module}",
            (*self._data, "--output", str(target), *arguments),
        )  # fmt: skip

    def _training_step(self, name: str, *arguments: str) -> RecipeStep:
        """A step that trains the run NAME."""
        run = self._runs / name
        return RecipeStep(
            name, run / "adapter" / RUN_FILE, "training.emotion.trainer",
            (*self._encoder, *self._data, *self._device, "--output", str(run), *arguments),
        )  # fmt: skip

    def examples(self) -> Iterator[RecipeStep]:
        for seed in COMMENT_SEEDS:
            yield self._examples_step(f"comments-{seed}", "augment", "--seed", str(seed))
        yield self._examples_step("unlabelled", "unlabelled")

    def teachers(self) -> Iterator[RecipeStep]:
        for number, options in enumerate(TEACHERS):
            yield self._training_step(
                f"teacher-{number}", "--seed", str(number), *TEACHER, *options, "--examples",
                self._path(f"comments-{number % len(COMMENT_SEEDS)}.jsonl"),
                *self._paths(*SOURCES) * FIRST_PERSON_REPEATS,
            )  # fmt: skip

    def soft_labels(self) -> Iterator[RecipeStep]:
        comments = self._paths(*(f"comments-{seed}.jsonl" for seed in COMMENT_SEEDS))
        for name, gold_share, files in (
            ("soft-comments", COMMENTS_GOLD_SHARE, [*comments, self._path("unlabelled.jsonl")]),
            ("soft-first-person", FIRST_PERSON_GOLD_SHARE, self._paths(*SOURCES)),
        ):
            yield self._examples_step(
                name, "distill", "--gold-share", gold_share, *self._device, "--examples", *files,
                *self._teachers,
            )  # fmt: skip
        yield self._examples_step(
            "soft-groups", "group_labels", "--xed", XED_LINES, *self._device, *self._teachers
        )

    def student(self) -> Iterator[RecipeStep]:
        yield self._training_step(
            "student", *STUDENT, "--examples",
            *self._paths("soft-comments.jsonl", "soft-groups.jsonl"),
            *self._paths("soft-first-person.jsonl") * FIRST_PERSON_REPEATS,
        )  # fmt: skip


def recipe_steps(data: Path, runs: Path, encoder: str, device: str) -> list[RecipeStep]:
    """Return the steps in order. `encoder` is a local folder or hub id."""
    recipe = _Recipe(data, runs, encoder, device)
    return list(chain(recipe.examples(), recipe.teachers(), recipe.soft_labels(), recipe.student()))


def main() -> None:
    """Run the command line."""
    parser = recipe_parser(
        "training.emotion.recipe_teacher",
        "Train the teacher of first-person texts, checkpoints/teachers/first-person, step by step.",
    )
    parser.add_argument("--encoder", default=ENCODER, help="encoder: local folder or hub id")
    args = parser.parse_args()
    steps = recipe_steps(args.data, args.runs, args.encoder, args.device)
    selected = select_steps(parser, steps, args.steps)
    if args.list:
        print("\n".join(step.name for step in selected))
        return
    split_first_person(args.runs, SOURCES)
    run_steps(selected)


if __name__ == "__main__":
    main()
