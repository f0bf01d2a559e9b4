"""First-person sentences that nobody labelled, for a student to learn its teachers' answers on.

    python -m training.emotion.unlabelled --data PATH --output lessons.jsonl

The English sides of Tatoeba's sentence pairs (tatoeba.org and manythings.org/anki, CC BY 2.0 FR)
that speak of the writer. Everyday sentences hold what comments on Reddit seldom have: wishes,
conditions, feelings of others and of the past.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
from pathlib import Path
from typing import Final

import numpy as np

from training.emotion.augment import NAMES
from training.emotion.data import LabelledTexts, load_goemotions, output_names, write_lessons

_FIRST_PERSON: Final = re.compile(r"\b(I|I'm|I've|I'd|I'll|me|my|My|mine|myself|we|We|our|us)\b")
# A quarter of Tatoeba is about these two.
_TATOEBA_NAMES: Final = re.compile(r"\b(Tom|Mary|John)\b")
MIN_CHARACTERS: Final = 16


def first_person(folder: Path, number: int, seed: int) -> list[str]:
    """Choose `number` first-person sentences from `folder`/tatoeba.en-*.tsv.gz, without repeats."""
    sentences: set[str] = set()
    for path in sorted(folder.glob("tatoeba.en-*.tsv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            sentences |= {line.split("\t", 1)[0] for line in lines}
    fitting = sorted(
        sentence
        for sentence in sentences
        if len(sentence) >= MIN_CHARACTERS and _FIRST_PERSON.search(sentence)
    )
    rng = random.Random(seed)  # noqa: S311 - reproducible on purpose
    chosen = rng.sample(fitting, min(number, len(fitting)))
    return [_TATOEBA_NAMES.sub(lambda _: rng.choice(NAMES), sentence) for sentence in chosen]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.unlabelled",
        description="Write first-person sentences without labels as lessons.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of multilingual/")
    parser.add_argument("--output", type=Path, required=True, help="lesson file to write")
    parser.add_argument("--sentences", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    texts = first_person(
        arguments.data / "multilingual" / "parallel", arguments.sentences, arguments.seed
    )
    names = output_names(load_goemotions(arguments.data / "goemotions", "dev").label_names)
    unknown = np.full((len(texts), len(names)), np.nan, dtype=np.float32)
    write_lessons(LabelledTexts(texts, unknown, names), arguments.output)
    print(f"{len(texts)} lessons written to {arguments.output}")


if __name__ == "__main__":
    main()
