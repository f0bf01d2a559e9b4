"""The recipe of the next emotion model, step by step; the same command resumes it.

    python -m training.emotion.recipe --data ../shared/data [--device cuda] [--steps teacher-0 …]

Each step writes one file or folder under `--runs` and is skipped where that is there. A stopped
training goes on from its last checkpoint. `--list` prints the steps. The last step writes a
complete checkpoint to `RUNS/emotion`. Whether it replaces `checkpoints/emotion` is for a person to
decide, by the figures of the evaluation programs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporting.emotion import ARTIFACT
from training.emotion.contrast import LESSONS
from training.emotion.data import read_lines
from training.hardware import DEVICES

ENCODER: Final = "sentence-transformers/all-mpnet-base-v2"
HERE: Final = Path(__file__).parent
# First-person texts by the file that holds their training part.
FIRST_PERSON: Final = {
    "journal-train.jsonl": (HERE / "journal.jsonl", HERE / "first_person.jsonl"),
    "contrast-train.jsonl": (LESSONS,),
}
# The rest of them, on which thresholds are chosen.
FIRST_PERSON_DEV: Final = "first-person-dev.jsonl"
DEV_PERCENT: Final = 10
# How often teachers and student read the first-person texts in an epoch.
FIRST_PERSON_REPEATS: Final = 3

# What each teacher does differently: their mistakes should differ too.
TEACHERS: Final[tuple[tuple[str, ...], ...]] = (
    ("--learning-rate", "4e-5", "--layer-decay", "0.9"),
    ("--learning-rate", "4e-5", "--layer-decay", "0.9"),
    ("--learning-rate", "5e-5", "--layer-decay", "0.9", "--r-drop", "0.5"),
    ("--learning-rate", "5e-5", "--layer-decay", "0.9", "--r-drop", "0.5"),
    ("--learning-rate", "3e-5", "--layer-decay", "1.0"),
)
TEACHER: Final = ("--full", "--epochs", "3", "--batch-size", "64", "--save-steps", "500")
STUDENT: Final = (
    "--rank", "32", "--epochs", "3.7", "--batch-size", "384", "--learning-rate", "9e-4",
    "--head-learning-rate", "1e-3", "--save-steps", "200", "--seed", "1",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A step: what it writes, and the module and arguments that write it."""

    name: str
    target: Path
    module: str
    arguments: tuple[str, ...]


def steps(data: Path, runs: Path, encoder: str, device: str) -> list[Step]:
    """Return the steps in their order."""
    goemotions = str(data / "goemotions")
    journal, contrasts = (str(runs / name) for name in FIRST_PERSON)
    teachers = [str(runs / f"teacher-{number}" / "adapter") for number in range(len(TEACHERS))]
    train = ("--model-name", encoder, "--dataset", goemotions, "--device", device)
    found: list[Step] = []

    def add(name: str, target: str, module: str, *arguments: str) -> None:
        found.append(Step(name, runs / target, f"training.emotion.{module}", arguments))

    for seed in (0, 1):
        target = f"comments-{seed}.jsonl"
        add(
            f"comments-{seed}", target, "augment", "--dataset", goemotions, "--seed", str(seed),
            "--output", str(runs / target),
        )  # fmt: skip
    add(
        "unlabelled", "unlabelled.jsonl", "unlabelled", "--data", str(data), "--output",
        str(runs / "unlabelled.jsonl"),
    )  # fmt: skip
    for number, how in enumerate(TEACHERS):
        run = runs / f"teacher-{number}"
        add(
            run.name, f"{run.name}/adapter/run.json", "trainer", *train, "--output", str(run),
            "--seed", str(number), *TEACHER, *how, "--lessons",
            str(runs / f"comments-{number % 2}.jsonl"),
            *[journal, contrasts] * FIRST_PERSON_REPEATS,
        )  # fmt: skip
    soft = (
        ("soft-comments", "0.4", ("comments-0.jsonl", "comments-1.jsonl", "unlabelled.jsonl")),
        ("soft-first-person", "0.7", ("journal-train.jsonl", "contrast-train.jsonl")),
    )
    for name, gold_share, lessons in soft:
        add(
            name, f"{name}.jsonl", "distill", "--dataset", goemotions, "--gold-share", gold_share,
            "--output", str(runs / f"{name}.jsonl"), "--lessons", *(str(runs / n) for n in lessons),
            "--teachers", *teachers,
        )  # fmt: skip
    add(
        "soft-coarse", "soft-coarse.jsonl", "coarse", "--data", str(data), "--xed", "10000",
        "--output", str(runs / "soft-coarse.jsonl"), "--teachers", *teachers,
    )  # fmt: skip
    add(
        "student", "student/adapter/run.json", "trainer", *train, "--output",
        str(runs / "student"), *STUDENT, "--lessons",
        str(runs / "soft-comments.jsonl"), str(runs / "soft-coarse.jsonl"),
        *[str(runs / "soft-first-person.jsonl")] * FIRST_PERSON_REPEATS,
    )  # fmt: skip
    add(
        "publish", f"emotion/{ARTIFACT}", "publish", "--adapter",
        str(runs / "student" / "adapter"), "--base", ENCODER, "--data", str(data),
        "--first-person", str(runs / FIRST_PERSON_DEV), "--target", str(runs / "emotion"),
    )  # fmt: skip
    return found


def split_first_person(runs: Path) -> None:
    """Divide the first-person texts by hash: to train on, and to choose thresholds on.

    The two texts of a contrast pair go together.
    """
    kept: list[str] = []
    for target, paths in FIRST_PERSON.items():
        train: list[str] = []
        for place, lesson in read_lines(paths):
            file = Path(place.rpartition(":")[0]).stem
            key = lesson["text"]
            if lesson.get("pair") is not None:
                key = f"{file}, pair {lesson['pair']}"
            percent = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 100
            line = json.dumps(lesson, ensure_ascii=False) + "\n"
            (kept if percent < DEV_PERCENT else train).append(line)
        (runs / target).write_text("".join(train), encoding="utf-8")
    (runs / FIRST_PERSON_DEV).write_text("".join(kept), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.recipe",
        description="Train the emotion model step by step. The same command resumes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of goemotions/, text/, …")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for what is made")
    parser.add_argument("--encoder", default=ENCODER, help="local folder or hub id")
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--steps", nargs="+", metavar="STEP", help="only these; default: all")
    parser.add_argument("--list", action="store_true", help="print the steps and stop")
    given = parser.parse_args()
    found = steps(given.data, given.runs, given.encoder, given.device)
    unknown = set(given.steps or ()) - {step.name for step in found}
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}; --list prints them")
    if given.list:
        print("\n".join(step.name for step in found))
        return
    given.runs.mkdir(parents=True, exist_ok=True)
    if not (given.runs / FIRST_PERSON_DEV).is_file():
        split_first_person(given.runs)
    for number, step in enumerate(found, start=1):
        if given.steps and step.name not in given.steps:
            continue
        state = "is there" if step.target.exists() else "begins"
        print(f"[{number}/{len(found)}] {step.name} {state}", flush=True)
        if not step.target.exists():
            subprocess.run([sys.executable, "-m", step.module, *step.arguments], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
