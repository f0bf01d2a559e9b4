"""The steps that write soft labels of two committed teachers, for the recipes of both models."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from exporting.store import ROOT
from training.recipes import RecipeStep

# Better on GoEmotions' raters and on BRIGHTER, but it did not learn what emoji mean.
COMMENTS_TEACHER: Final = ROOT / "checkpoints" / "teachers" / "comments"
# Better on journal entries and contrast pairs (training.emotion.recipe_teacher).
FIRST_PERSON_TEACHER: Final = ROOT / "checkpoints" / "teachers" / "first-person"
XED_LINES: Final = "3000"
# Weights of the labels by people in the soft labels; the rest is the teachers'.
COMMENTS_GOLD_SHARE: Final = "0.4"
JOURNAL_GOLD_SHARE: Final = "0.7"
# The teachers often predict the label that a contrast pair excludes.
CONTRAST_GOLD_SHARE: Final = "0.9"
# The files with soft labels.
COMMENTS: Final = "soft-comments.jsonl"
BRIGHTER: Final = "soft-brighter.jsonl"
BRIGHTER_AND_XED: Final = "soft-brighter-xed.jsonl"
JOURNAL: Final = "soft-journal.jsonl"
CONTRAST: Final = "soft-contrast.jsonl"


def soft_label_steps(data: Path, runs: Path, device: str) -> list[RecipeStep]:
    """Return the steps that write the files with soft labels into `runs`."""

    def step(target: str, module: str, *arguments: str) -> RecipeStep:
        path = runs / target
        return RecipeStep(
            path.stem, path, f"training.emotion.{module}",
            ("--data", str(data), "--output", str(path), *arguments),
        )  # fmt: skip

    def distill(target: str, examples: str, gold_share: str, *options: str) -> RecipeStep:
        return step(
            target, "distill", "--device", device, "--examples", str(runs / examples),
            "--gold-share", gold_share, *options,
        )  # fmt: skip

    def groups(target: str, *options: str) -> RecipeStep:
        return step(
            target, "group_labels", "--device", device, "--edos", "0", *options,
            "--teachers", str(COMMENTS_TEACHER),
        )  # fmt: skip

    both = ("--teachers", str(COMMENTS_TEACHER), str(FIRST_PERSON_TEACHER))
    first_person = ("--teachers", str(FIRST_PERSON_TEACHER))
    return [
        step("comments.jsonl", "augment", "--unchanged"),
        distill(COMMENTS, "comments.jsonl", COMMENTS_GOLD_SHARE, "--keep-emoji-labels", *both),
        groups(BRIGHTER, "--xed", "0"),
        groups(BRIGHTER_AND_XED, "--xed", XED_LINES),
        distill(JOURNAL, "journal-train.jsonl", JOURNAL_GOLD_SHARE, *first_person),
        distill(CONTRAST, "contrast-train.jsonl", CONTRAST_GOLD_SHARE, *first_person),
    ]
