"""How sentences look when they were spoken: bare of case and punctuation, or full of stumbles."""

from __future__ import annotations

import random
import re

_FILLERS = ("um", "uh", "like", "you know", "i mean", "um", "uh", "so", "er", "well")
_SET_OFF = ("Um, ", "Uh, ", "So, um, ", "Well, ", "You know, ", "I mean, ", "Like, ", "Er, ")


def recognized(text: str, rng: random.Random) -> str:
    """Write `text` as a bare speech recognizer does: lower case, no punctuation, every stumble."""
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


def stumbling(sentence: str, rng: random.Random) -> str:
    """Write `sentence` as spoken and punctuated: fillers between commas, a word said twice."""
    words = sentence.split()
    if rng.random() < 0.4:
        first = words[0] if re.match(r"I\b|[A-Z][a-z]+'s", words[0]) else words[0].lower()
        words[0] = rng.choice(_SET_OFF) + first
    if rng.random() < 0.4 and len(words) > 4:
        place = rng.randrange(1, len(words) - 1)
        if words[place - 1][-1].isalpha():
            words[place] = f"{words[place].rstrip(',.!?;:')}, {words[place]}"
    if rng.random() < 0.4 and len(words) > 4:
        place = rng.randrange(1, len(words) - 1)
        if words[place - 1][-1].isalpha():
            words[place - 1] += ","
            words[place] = (
                f"{rng.choice(('um', 'uh', 'like', 'you know', 'I mean'))}, {words[place]}"
            )
    return " ".join(words)


def heard(sentences: list[str], rng: random.Random) -> str:
    """Turn sentences into an entry as it is heard.

    A third comes as a bare recognizer writes it, a third with stumbles, a third as it was meant.
    """
    style = rng.randrange(3)
    if style == 0:
        return recognized(" ".join(sentences), rng)
    return " ".join(stumbling(text, rng) if style == 1 else text for text in sentences)
