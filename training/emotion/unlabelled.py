"""Write first-person sentences without labels; `distill` labels them by the teachers.

    python -m training.emotion.unlabelled --data ../shared/data --output unlabelled.jsonl

They are the English sides of Tatoeba's sentence pairs (CC BY 2.0 FR). Everyday sentences contain
forms that are rare on Reddit: wishes, conditions, and emotions of other people and of the past.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from training.command_line import DATA_HELP, command_parser
from training.corpora import goemotions_labels, read_tatoeba
from training.emotion.augment import NAMES
from training.emotion.data import LabelledTexts, output_names, write_examples

_FIRST_PERSON: Final = re.compile(r"\b(I|I'm|I've|I'd|I'll|me|my|My|mine|myself|we|We|our|us)\b")
# A quarter of Tatoeba's sentences has one of these names.
_TATOEBA_NAMES: Final = re.compile(r"\b(Tom|Mary|John)\b")
MIN_CHARACTERS: Final = 16


def first_person(sentences: Iterable[str], number: int, seed: int) -> list[str]:
    """Sample `number` first-person sentences and replace Tatoeba's usual names."""
    candidates = sorted(
        sentence
        for sentence in set(sentences)
        if len(sentence) >= MIN_CHARACTERS and _FIRST_PERSON.search(sentence)
    )
    rng = random.Random(seed)  # noqa: S311 - reproducible on purpose
    sample = rng.sample(candidates, min(number, len(candidates)))
    return [_TATOEBA_NAMES.sub(lambda _: rng.choice(NAMES), sentence) for sentence in sample]


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.unlabelled",
        "Write first-person sentences of Tatoeba, without labels, as training examples.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    parser.add_argument("--sentences", type=int, default=60_000, help="number of sentences")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    args = parser.parse_args()
    texts = first_person(read_tatoeba(args.data), args.sentences, args.seed)
    names = output_names(goemotions_labels(args.data))
    unknown = np.full((len(texts), len(names)), np.nan, dtype=np.float32)
    write_examples(LabelledTexts(texts, unknown, names), args.output)


if __name__ == "__main__":
    main()
