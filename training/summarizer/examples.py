"""What the summarizer is taught: to write down cleanly what was spoken or typed in a hurry.

It starts half able to copy (`training.summarizer.copy_init`); a few steps of copying words without
any sense teach it that every piece of the vocabulary can be copied. Then come sentences as a
recognizer or a thumb leaves them, and their clean form as the target. Example `i` is a pure
function of (seed, i): a run that was stopped and goes on sees the very stream it would have seen.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from training.summarizer import journal
from training.summarizer.disfluencies import recognized, stumbling
from training.summarizer.sentences import (
    NAMES,
    Pool,
    Sentence,
    load_brighter,
    load_goemotions,
    load_pepys,
    load_xed,
)

# Neighbouring examples of a block have like lengths: a batch of one block has little padding.
BLOCK = 32
PREFIX = "summarize: "
# A ramble is cut before such words, so what is to be written down often begins with them.
CONNECTIVES = ("and", "and then", "but", "so", "because", "and so", "but then")
# How many sentences stand behind one input; more than one where punctuation was lost.
SENTENCES = (1, 2, 3)
SENTENCE_WEIGHTS = (70, 22, 8)
# One of so many of Pepys' sentences: long and well made, but of 1660.
PEPYS_STEP = 3
DEV_EXAMPLES = 256


@dataclass(frozen=True, slots=True)
class Example:
    """An input with its prefix, and what the model shall write."""

    source: str
    target: str


@dataclass(frozen=True)
class Corpora:
    """The pools of sentences of one split."""

    goemotions: Pool
    brighter: Pool
    xed: Pool
    pepys: Pool

    @classmethod
    def load(cls, data: Path) -> Corpora:
        """Read the training sentences.

        Args:
            data: a folder with `goemotions/` and `text/`.

        Raises:
            FileNotFoundError: one of the corpora is missing.

        """
        return cls(
            load_goemotions(data / "goemotions", "train"),
            load_brighter(data / "text" / "brighter_eng_train.csv"),
            load_xed(data / "text" / "xed_en.tsv"),
            load_pepys(data / "text" / "pepys_diary.txt.gz"),
        )

    @property
    def texts(self) -> list[str]:
        """Every sentence of every pool."""
        pools = (self.goemotions, self.brighter, self.xed, self.pepys)
        return [sentence.text for pool in pools for sentence in pool.sentences]


@dataclass(frozen=True)
class Curriculum:
    """A stream of examples for a run of `steps` batches of `BLOCK`.

    Args:
        corpora: where sentences come from.
        steps: batches in the whole run.
        seed: of the stream.
        word_share: part of the steps spent on copying words without sense.

    """

    corpora: Corpora
    steps: int
    seed: int = 0
    word_share: float = 0.05

    @cached_property
    def _words(self) -> list[str]:
        return sorted({word for text in self.corpora.texts for word in text.split()})

    @cached_property
    def _by_length(self) -> list[list[Sentence]]:
        """Every sentence of the corpora, in four groups of like length."""
        pools = (self.corpora.goemotions, self.corpora.brighter, self.corpora.xed)
        modern = [sentence for pool in pools for sentence in pool.sentences]
        sentences = sorted(
            modern + self.corpora.pepys.sentences[::PEPYS_STEP],
            key=lambda sentence: (len(sentence.text), sentence.text),
        )
        bounds = [len(sentences) * quarter // 4 for quarter in range(5)]
        return [sentences[start:end] for start, end in pairwise(bounds)]

    def __len__(self) -> int:
        """Count the examples of the run."""
        return self.steps * BLOCK

    def __getitem__(self, index: int) -> Example:
        """Make example `index`. Raises `IndexError` beyond the run."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        rng = _random(f"{self.seed}:{index}")
        block = _random(f"{self.seed}:block:{index // BLOCK}")
        if index < self.word_share * len(self):
            text = " ".join(rng.choices(self._words, k=rng.randint(6, 12)))
            return Example(PREFIX + text, text)
        number = block.choices(SENTENCES, SENTENCE_WEIGHTS)[0]
        group = block.randrange(4)
        texts = [self._sentence(group, rng) for _ in range(number)]
        return rewriting(texts, rng)

    def _sentence(self, group: int, rng: random.Random) -> str:
        if rng.random() < 0.2:
            return (journal.feeling(rng) if rng.random() < 0.5 else journal.event(rng)).text
        return rng.choice(self._by_length[group]).text


def rewriting(texts: list[str], rng: random.Random) -> Example:
    """Give sentences as they were spoken or typed; their clean form is the target."""
    target = " ".join(texts)
    style = rng.random()
    if style < 0.25:
        return Example(PREFIX + target, target)
    if style < 0.55:
        return Example(PREFIX + " ".join(stumbling(text, rng) for text in texts), target)
    if style < 0.63:
        return Example(PREFIX + target.lower(), target)
    spoken = recognized(target, rng)
    if rng.random() < 0.75:
        return Example(PREFIX + spoken, target)
    opening = rng.choice(CONNECTIVES)
    return Example(f"{PREFIX}{opening} {spoken}", f"{opening.capitalize()} {_within(target)}")


def held_out_lessons(data: Path) -> list[Example]:
    """Make lessons of comments of dev, always the same."""
    pool = load_goemotions(data / "goemotions", "dev", 1)
    rng = _random("dev")
    return [rewriting([rng.choice(pool.sentences).text], rng) for _ in range(DEV_EXAMPLES)]


def _within(text: str) -> str:
    """`text` as it stands within a sentence: its first word without a capital of its own."""
    first = re.match(r"[A-Za-z]+", text)
    if first is None or first[0] == "I" or first[0] in NAMES or not first[0][1:].islower():
        return text
    return text[0].lower() + text[1:]


def _random(key: str) -> random.Random:
    return random.Random(key)  # noqa: S311 - reproducible on purpose
