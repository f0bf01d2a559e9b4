"""Train the small emotion classifier step by step; the same command resumes.

    python -m training.emotion.recipe_small --data ../shared/data [--device cuda] [--steps STEP ...]

A LoRA adapter for all-MiniLM-L6-v2 (22.7 M parameters) learns from the soft labels of the large
model's recipe (`training.emotion.soft_labels`), whose files it shares. The last step, `publish`,
writes a complete checkpoint to `RUNS/emotion-small`, as checkpoints/emotion-small is one.
"""

from __future__ import annotations

from typing import Final

from training.emotion import soft_labels
from training.emotion.recipe import Stage, Student, run_recipe

SMALL: Final = Student(
    name="emotion-small",
    encoder="sentence-transformers/all-MiniLM-L6-v2",
    adapter=None,
    stages=(
        Stage(
            name="student",
            examples=(
                soft_labels.COMMENTS, soft_labels.BRIGHTER_AND_XED, soft_labels.JOURNAL,
                soft_labels.CONTRAST,
            ),
            options=(
                "--rank", "128", "--epochs", "4.5", "--batch-size", "64",
                "--learning-rate", "7e-4", "--head-learning-rate", "1.5e-3",
                "--save-steps", "200", "--seed", "1",
            ),
        ),
    ),
)  # fmt: skip


if __name__ == "__main__":
    run_recipe(
        "training.emotion.recipe_small",
        "Train the small emotion classifier, a student of both teachers, step by step.",
        SMALL,
    )
