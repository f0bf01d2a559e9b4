"""What the summarizer is taught, in order: to copy words, to copy and judge sentences, to choose.

A T5 that starts from nothing learns to choose sentences only once it can copy, and learns to copy
soonest from words without any sense. (It starts half able to: `training.summarizer.copying`.)
Example `i` is a pure function of (seed, i): a run that was stopped and goes on sees the very
stream it would have seen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.summarizer import journal
from training.summarizer.corpora import (
    Pool,
    Sentence,
    load_brighter,
    load_goemotions,
    load_pepys,
    load_xed,
)
from training.summarizer.speech import as_entry, recognized

# Neighbouring examples of a block share their kind, their length and their number of emotional
# sentences: a batch of one block has little padding.
BLOCK = 32
MAX_BUDGET = 6
MAX_SENTENCES = 12
# With the last sentence, about 250 tokens of the summarizer's vocabulary.
MAX_WORDS = 130
PREFIX = "summarize {max_sentences}: "
EMOTION_PREFIX = "emotion: "


@dataclass(frozen=True, slots=True)
class Example:
    """One example in text, and the sentences behind it.

    `chosen[k]` says whether sentence k of the entry belongs to the summary.
    """

    source: str
    target: str
    sentences: tuple[str, ...] = ()
    chosen: tuple[bool, ...] = ()


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


def within_budget(emotional: list[Sentence], budget: int) -> list[bool]:
    """Tell which of the emotional sentences, in their order, fit a budget of sentences.

    A feeling of one's own goes before a stance; among equals, what was said first.
    """
    kept = [False] * len(emotional)
    order = sorted(range(len(emotional)), key=lambda place: -emotional[place].strength)
    for place in order:
        if emotional[place].count <= budget:
            kept[place] = True
            budget -= emotional[place].count
    return kept


def composite(picked: list[Sentence], budget: int, rng: random.Random) -> Example:
    """Make an entry of the picked sentences, and those of them that carry its feeling."""
    emotional = [sentence for sentence in picked if sentence.is_emotional]
    keep = iter(within_budget(emotional, budget))
    chosen = tuple(sentence.is_emotional and next(keep) for sentence in picked)
    texts = tuple(sentence.text for sentence in picked)
    return Example(
        source=PREFIX.format(max_sentences=budget) + as_entry(list(texts), rng),
        target=" ".join(text for text, is_chosen in zip(texts, chosen, strict=True) if is_chosen),
        sentences=texts,
        chosen=chosen,
    )


@dataclass(frozen=True)
class Curriculum:
    """A stream of examples for a run of `steps` batches of `BLOCK`.

    Args:
        corpora: where sentences come from.
        steps: batches in the whole run.
        seed: of the stream.
        word_share: part of the steps spent on copying words without sense.
        sentence_share: part spent on copying and judging single sentences.

    """

    corpora: Corpora
    steps: int
    seed: int = 0
    word_share: float = 0.05
    sentence_share: float = 0.15

    @cached_property
    def _words(self) -> list[str]:
        return sorted({word for text in self.corpora.texts for word in text.split()})

    def __len__(self) -> int:
        """Count the examples of the run."""
        return self.steps * BLOCK

    def __getitem__(self, index: int) -> Example:
        """Make example `index`. Raises `IndexError` beyond the run."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        rng = _random(f"{self.seed}:{index}")
        block = _random(f"{self.seed}:block:{index // BLOCK}")
        progress = index / len(self)
        if progress < self.word_share:
            return self._copied_words(rng)
        if progress < self.word_share + self.sentence_share:
            return self._judged(rng) if block.random() < 0.5 else self._copied_sentence(rng)
        if block.random() < 0.1:
            return self._judged(rng)
        emotional = block.choices((1, 2, 3, 4), (45, 30, 15, 10))[0]
        return self._chosen(emotional, int(block.triangular(15, MAX_WORDS, 35)), rng)

    def _copied_words(self, rng: random.Random) -> Example:
        text = " ".join(rng.choices(self._words, k=rng.randint(6, 12)))
        return Example(PREFIX.format(max_sentences=rng.randint(1, MAX_BUDGET)) + text, text)

    def _copied_sentence(self, rng: random.Random) -> Example:
        sentence = self._emotional(rng) if rng.random() < 0.5 else self._neutral(rng)
        return composite_of_one(sentence, rng)

    def _judged(self, rng: random.Random) -> Example:
        source = rng.random()
        if source < 0.75:
            pool = self.corpora.goemotions
        elif source < 0.85:
            pool = self.corpora.brighter
        else:
            sentence = journal.feeling(rng) if rng.random() < 0.5 else journal.event(rng)
            return Example(EMOTION_PREFIX + sentence.text, ", ".join(sentence.emotions))
        weights = (len(pool.emotional), len(pool.neutral), len(pool.mixed))
        kind = rng.choices((pool.emotional, pool.neutral, pool.mixed), weights)[0]
        sentence = rng.choice(kind)
        text = recognized(sentence.text, rng) if rng.random() < 0.2 else sentence.text
        return Example(EMOTION_PREFIX + text, ", ".join(sentence.emotions))

    def _chosen(self, emotional: int, words: int, rng: random.Random) -> Example:
        """Make a composite of about so many words, two thirds of them emotional at most."""
        only_comments = rng.random() < 0.45
        picked = [self._emotional(rng, only_comments)]
        length = len(picked[0].text.split())
        while len(picked) < emotional and 3 * length < 2 * words:
            picked.append(self._emotional(rng, only_comments))
            length += len(picked[-1].text.split())
        needed = sum(sentence.count for sentence in picked)
        largest = max(sentence.count for sentence in picked)
        while len(picked) < MAX_SENTENCES:
            picked.append(self._neutral(rng, only_comments))
            length += len(picked[-1].text.split())
            if length >= words:
                break
        rng.shuffle(picked)
        roll = rng.random()
        if roll < 0.45:
            budget = needed
        elif roll < 0.8:
            budget = needed + rng.randint(1, 3)
        else:
            budget = rng.randint(1, needed)
        return composite(picked, max(largest, min(budget, MAX_BUDGET)), rng)

    def _emotional(self, rng: random.Random, only_comments: bool = False) -> Sentence:
        source = rng.random()
        if only_comments or source < 0.5:
            return rng.choice(self.corpora.goemotions.emotional)
        if source < 0.68:
            return rng.choice(self.corpora.brighter.emotional)
        if source < 0.76:
            return rng.choice(self.corpora.xed.emotional)
        return journal.feeling(rng)

    def _neutral(self, rng: random.Random, only_comments: bool = False) -> Sentence:
        source = rng.random()
        if only_comments or source < 0.45:
            return rng.choice(self.corpora.goemotions.neutral)
        if source < 0.5:
            return rng.choice(self.corpora.brighter.neutral)
        if source < 0.65:
            return rng.choice(self.corpora.pepys.neutral)
        return journal.event(rng)


def _random(key: str) -> random.Random:
    return random.Random(key)  # noqa: S311 - reproducible on purpose


def composite_of_one(sentence: Sentence, rng: random.Random) -> Example:
    """Give a single sentence to write down cleanly, whatever it feels like."""
    prefix = PREFIX.format(max_sentences=rng.randint(sentence.count, MAX_BUDGET))
    return Example(
        prefix + as_entry([sentence.text], rng), sentence.text, (sentence.text,), (True,)
    )


def held_out(pool: Pool, number: int, budget: int | None, seed: int = 0) -> list[Example]:
    """Make composites of a held-out split of GoEmotions, of 3 to 12 comments of one sentence each.

    Args:
        pool: the split, loaded with `longest=1`.
        number: how many composites.
        budget: the sentence budget in every prefix, or None for the true number of emotional
            sentences. With a number no hint is given how many there are (1 to 3).
        seed: of the choice.

    """
    examples = []
    for index in range(number):
        rng = _random(f"held-out:{seed}:{index}")
        count = rng.randint(3, MAX_SENTENCES)
        emotional = rng.randint(1, 3 if count > 3 else 2)
        picked = rng.sample(pool.emotional, emotional)
        picked += rng.sample(pool.neutral, count - emotional)
        rng.shuffle(picked)
        examples.append(composite(picked, budget or emotional, rng))
    return examples
