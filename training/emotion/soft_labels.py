"""The steps that write soft labels of two committed teachers, for the recipes of both models."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from exporting.store import ROOT
from training.recipes import RecipeStep

# Better on GoEmotions' raters and on BRIGHTER, but it did not learn what emoji mean.
COMMENTS_TEACHER: Final = ROOT / "checkpoints" / "teachers" / "comments"
# Better on journal entries and contrast pairs (training.emotion.recipe_teacher).
FIRST_PERSON_TEACHER: Final = ROOT / "checkpoints" / "teachers" / "first-person"
# Better on GoEmotions' raters than the teacher of first-person texts.
SMALL_TEACHER: Final = ROOT / "checkpoints" / "emotion-small"
XED_LINES: Final = "3000"
# Weights of the labels by people in the soft labels; the rest is the teachers'.
COMMENTS_GOLD_SHARE: Final = "0.4"
JOURNAL_GOLD_SHARE: Final = "0.7"
# The teachers often predict the label that a contrast pair excludes.
CONTRAST_GOLD_SHARE: Final = "0.9"
_COMMENTS_BY_PEOPLE: Final = "comments.jsonl"
# The files with soft labels.
COMMENTS: Final = "soft-comments.jsonl"
COMMENTS_WITH_SMALL: Final = "soft-comments-with-small.jsonl"
BRIGHTER: Final = "soft-brighter.jsonl"
BRIGHTER_AND_XED: Final = "soft-brighter-xed.jsonl"
JOURNAL: Final = "soft-journal.jsonl"
CONTRAST: Final = "soft-contrast.jsonl"
CONTRAST_THIRD: Final = "soft-contrast-third.jsonl"
CONTRAST_FOURTH: Final = "soft-contrast-fourth.jsonl"
CONTRAST_FIFTH: Final = "soft-contrast-fifth.jsonl"
# Texts of the journal and of the contrast files, with words hidden.
HIDDEN_WORDS: Final = "hidden-words.jsonl"
_MARKED: Final = (JOURNAL, CONTRAST, CONTRAST_THIRD, CONTRAST_FOURTH)


def soft_label_steps(
    data: Path, runs: Path, device: str, needed: Collection[str]
) -> list[RecipeStep]:
    """Return the steps that write into `runs` the files with soft labels that are needed."""

    def step(target: str, module: str, *arguments: str) -> RecipeStep:
        path = runs / target
        return RecipeStep(
            path.stem, path, f"training.emotion.{module}",
            ("--data", str(data), "--output", str(path), *arguments),
        )  # fmt: skip

    def distill(
        target: str, examples: str, gold_share: str, teachers: Sequence[Path], *options: str
    ) -> RecipeStep:
        return step(
            target, "distill", "--device", device, "--examples", str(runs / examples),
            "--gold-share", gold_share, *options, "--teachers", *map(str, teachers),
        )  # fmt: skip

    def comments(target: str, *teachers: Path) -> RecipeStep:
        return distill(
            target, _COMMENTS_BY_PEOPLE, COMMENTS_GOLD_SHARE, teachers, "--keep-emoji-labels"
        )

    def groups(target: str, *options: str) -> RecipeStep:
        return step(
            target, "group_labels", "--device", device, "--edos", "0", *options,
            "--teachers", str(COMMENTS_TEACHER),
        )  # fmt: skip

    def first_person(target: str, examples: str, gold_share: str) -> RecipeStep:
        return distill(target, examples, gold_share, [FIRST_PERSON_TEACHER])

    steps = [
        step(_COMMENTS_BY_PEOPLE, "augment", "--unchanged"),
        comments(COMMENTS, COMMENTS_TEACHER, FIRST_PERSON_TEACHER),
        comments(COMMENTS_WITH_SMALL, COMMENTS_TEACHER, SMALL_TEACHER),
        groups(BRIGHTER, "--xed", "0"),
        groups(BRIGHTER_AND_XED, "--xed", XED_LINES),
        first_person(JOURNAL, "journal-train.jsonl", JOURNAL_GOLD_SHARE),
        first_person(CONTRAST, "contrast-train.jsonl", CONTRAST_GOLD_SHARE),
        first_person(CONTRAST_THIRD, "contrast-third-train.jsonl", CONTRAST_GOLD_SHARE),
        first_person(CONTRAST_FOURTH, "contrast-fourth-train.jsonl", CONTRAST_GOLD_SHARE),
        first_person(CONTRAST_FIFTH, "contrast-fifth-train.jsonl", CONTRAST_GOLD_SHARE),
        step(HIDDEN_WORDS, "hidden_words", "--examples", *(str(runs / name) for name in _MARKED)),
    ]
    return [one for one in steps if one.target.name in {_COMMENTS_BY_PEOPLE, *needed}]
