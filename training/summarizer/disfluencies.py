"""Rewrite sentences as they are spoken: as a raw transcript, or with disfluencies."""

from __future__ import annotations

import random
import re

_FILLERS = ("um", "uh", "like", "you know", "i mean", "um", "uh", "so", "er", "well")
_OPENINGS = ("Um, ", "Uh, ", "So, um, ", "Well, ", "You know, ", "I mean, ", "Like, ", "Er, ")


def to_raw_transcript(text: str, rng: random.Random) -> str:
    """Rewrite `text` in lower case and without punctuation, with fillers and repeated words."""
    drop = r"[^a-z0-9éè' ]" if rng.random() < 0.7 else r"[^a-z0-9éè ]"
    words = re.sub(drop, "", re.sub(r"[-:/]", " ", text.lower())).split()
    spoken: list[str] = []
    for word in words:
        if rng.random() < 0.06:
            spoken.append(rng.choice(_FILLERS))
        spoken.append(word)
        if rng.random() < 0.03:
            spoken.append(word)
    return " ".join(spoken)


def add_disfluencies(sentence: str, rng: random.Random) -> str:
    """Add an opening, a filler between commas or a repeated word, and keep the punctuation."""
    words = sentence.split()
    if rng.random() < 0.4:
        first = words[0] if re.match(r"I\b|[A-Z][a-z]+'s", words[0]) else words[0].lower()
        words[0] = rng.choice(_OPENINGS) + first
    if rng.random() < 0.4 and len(words) > 4:
        index = rng.randrange(1, len(words) - 1)
        if words[index - 1][-1].isalpha():
            words[index] = f"{words[index].rstrip(',.!?;:')}, {words[index]}"
    if rng.random() < 0.4 and len(words) > 4:
        index = rng.randrange(1, len(words) - 1)
        if words[index - 1][-1].isalpha():
            words[index - 1] += ","
            filler = rng.choice(("um", "uh", "like", "you know", "I mean"))
            words[index] = f"{filler}, {words[index]}"
    return " ".join(words)


def to_transcript(sentences: list[str], rng: random.Random) -> str:
    """Rewrite sentences as a spoken entry, with one of three styles at random.

    The styles are a raw transcript, sentences with disfluencies, and clean sentences.
    """
    style = rng.randrange(3)
    if style == 0:
        return to_raw_transcript(" ".join(sentences), rng)
    return " ".join(add_disfluencies(text, rng) if style == 1 else text for text in sentences)
