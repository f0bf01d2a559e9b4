"""The sentences that the summarizer learns from: which carry a feeling and which do not.

GoEmotions (Demszky et al., 2020) gives both kinds with labels; BRIGHTER and XED give first-person
and spoken sentences with labels; Pepys' diary gives prose of a diarist, told apart by a small
lexicon. All are tidied to complete sentences, since they are also what the model has to write.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NAMES = (
    "Anna Ben Maria Tom Sara James Leo Emma Jack Lucy Sam Nina Paul Kate Omar Lena Priya Daniel "
    "Grace Miguel Hannah Ali Chloe David Ivy Noah Rosa Simon Tara Victor Wendy Yusuf Zoe Martin "
    "Claire Peter Julia Marcus Ella Henry Ruth Oscar Amy George Nadia Felix Irene Kevin Laura"
)
NAMES = tuple(_NAMES.split())
RELIGIONS = ("Christian", "Muslim", "Jewish", "Hindu", "Buddhist", "Catholic")

# When a budget forces a choice between emotional sentences, feelings that are chiefly a stance
# towards somebody's words give way to feelings of one's own.
MILD = frozenset(
    (
        "annoyance", "approval", "caring", "confusion", "curiosity", "disapproval", "optimism",
        "realization", "surprise",
    )
)  # fmt: skip
XED_EMOTIONS = {"1": "anger", "3": "disgust", "4": "fear", "5": "joy", "6": "sadness"}
BRIGHTER_EMOTIONS = ("anger", "fear", "joy", "sadness", "surprise")
NEUTRAL = "neutral"

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "\u200d": ""})
_UNUSABLE = re.compile(
    r"[^A-Za-z0-9 .,!?;:'\"()&%$£€é-]|https?|\br/|\bu/"
    r"|\b(?:u[mh]+|erm?|hm+|lol|lmao|tbh|imo|idk)\b|[a-z]\.[A-Za-z]|\.\.|\?!|!\?|[!?,]{2}"
    r"|[:;]['-]?[()DVPO]|\b(?:mr|mrs|dr|st|esq|capt|col)\.$"
    r"|, (?:like|you know|i mean),|^(?:i mean|you know|like),",
    re.IGNORECASE,
)
_APOSTROPHES = {
    "im": "I'm", "ive": "I've", "dont": "don't", "cant": "can't", "didnt": "didn't",
    "doesnt": "doesn't", "thats": "that's", "wont": "won't", "isnt": "isn't",
    "wasnt": "wasn't", "couldnt": "couldn't", "wouldnt": "wouldn't", "youre": "you're",
}  # fmt: skip
_BARE = re.compile(rf"\b(?:{'|'.join(_APOSTROPHES)}|i)\b", re.IGNORECASE)
_END = re.compile(r"[.!?]+(?=\s|$)")
_FEELING = re.compile(
    r"\b(?:troubl|vex|glad|joy|grie[fv]|sad|afraid|fear|pleas|content|merry|sorry|ang(?:e|r)|asham"
    r"|lov|we[ep]p|tear|happ|mad\b|shame|hate|sorrow|delight|mirth|fright|wonder|admir|lament|envy"
    r"|mightily|discontent|jealous|melanchol|pride|proud|hope|desir|thank|bless|sick|pain|ill\b)",
    re.IGNORECASE,
)
_PEPYS_END = re.compile(r"(?<=[a-z][.!?])(?<!Mr\.)(?<!Mrs\.)(?<!Dr\.)(?<!Capt\.) +(?=[A-Z])")
_DAY = re.compile(r"^\d+(?:st|nd|rd|th)\.?\s*(?:\([^)]*\)\.?)?\s*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One tidy sentence, or two of one comment, and the emotions it is labelled with."""

    text: str
    emotions: tuple[str, ...]
    count: int

    @property
    def is_neutral(self) -> bool:
        """Whether no feeling is labelled."""
        return self.emotions == (NEUTRAL,)

    @property
    def is_emotional(self) -> bool:
        """Whether a feeling is labelled and no annotator's vote was for neutral."""
        return NEUTRAL not in self.emotions

    @property
    def strength(self) -> int:
        """2 for a feeling of one's own, 1 for a stance, 0 for neither."""
        if not self.is_emotional:
            return 0
        return 2 if any(emotion not in MILD for emotion in self.emotions) else 1


@dataclass(slots=True)
class Pool:
    """Sentences of one source, by what they are good for."""

    emotional: list[Sentence] = field(default_factory=list)
    neutral: list[Sentence] = field(default_factory=list)
    mixed: list[Sentence] = field(default_factory=list)

    def add(self, sentence: Sentence) -> None:
        """File a sentence under emotional, neutral, or mixed (labelled as both)."""
        if sentence.is_neutral:
            self.neutral.append(sentence)
        elif sentence.is_emotional:
            self.emotional.append(sentence)
        else:
            self.mixed.append(sentence)

    @property
    def sentences(self) -> list[Sentence]:
        """All of them."""
        return self.emotional + self.neutral + self.mixed


def tidy(text: str) -> str | None:
    """`text` as complete, cased and punctuated sentences of 3 to 40 words; None if it cannot be.

    Placeholders become names, chosen by a checksum of the text, so that the choice is always the
    same.
    """
    checksum = zlib.crc32(text.encode())
    text = text.translate(_QUOTES)
    names = itertools.cycle((*NAMES[checksum % len(NAMES) :], *NAMES))
    text = re.sub(r"\[(?:NAME|PERSON)\]", lambda _: next(names), text)
    text = text.replace("[RELIGION]", RELIGIONS[checksum % len(RELIGIONS)])
    text = text.replace("[LOCATION]", "London").replace("[ORGANIZATION]", "Acme")
    text = re.sub(r" +([.,!?;:])", r"\1", re.sub(r"\s+", " ", text)).strip(" \"'-")
    text = _BARE.sub(lambda bare: _APOSTROPHES.get(bare[0].lower(), "I"), text)
    if not 3 <= len(text.split()) <= 40 or _UNUSABLE.search(text) or '"' in text or text.isupper():
        return None
    if sum(word.isupper() and len(word) > 1 for word in text.split()) > 2:
        return None
    if text[-1] not in ".!?":
        text = text.rstrip(",;:") + "."
    text = _END.sub(lambda end: end[0][0], text)
    return re.sub(r"(^|[.!?] )([a-z])", lambda start: start[1] + start[2].upper(), text)


def _sentences(rows: Iterator[tuple[str, tuple[str, ...]]], longest: int = 2) -> Pool:
    pool, seen = Pool(), set()
    for raw, emotions in rows:
        text = tidy(raw)
        if text is None or text in seen:
            continue
        seen.add(text)
        count = len(_END.findall(text))
        if count <= longest:
            pool.add(Sentence(text, emotions, count))
    return pool


def load_goemotions(folder: Path, split: str, longest: int = 2) -> Pool:
    """Read a split of GoEmotions; comments of more than `longest` sentences are left out.

    Raises:
        FileNotFoundError: `folder` has no `labels.txt` or no TSV of that split.

    """
    labels = (folder / "labels.txt").read_text(encoding="utf-8").split()

    def rows() -> Iterator[tuple[str, tuple[str, ...]]]:
        for line in (folder / f"{split}.tsv").read_text(encoding="utf-8").splitlines():
            text, ids, _ = line.split("\t")
            yield text, tuple(labels[int(number)] for number in ids.split(","))

    return _sentences(rows(), longest)


def load_brighter(path: Path) -> Pool:
    """Read BRIGHTER's English sentences: first person, five emotions or none."""

    def rows() -> Iterator[tuple[str, tuple[str, ...]]]:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                emotions = tuple(name for name in BRIGHTER_EMOTIONS if row[name] == "1")
                yield row["text"], emotions or (NEUTRAL,)

    return _sentences(rows())


def load_xed(path: Path) -> Pool:
    """Read XED's English subtitle lines with a first person and one of `XED_EMOTIONS`."""

    def rows() -> Iterator[tuple[str, tuple[str, ...]]]:
        for line in path.read_text(encoding="utf-8").splitlines():
            text, _, ids = line.rpartition("\t")
            emotions = tuple(
                XED_EMOTIONS[number] for number in ids.split(", ") if number in XED_EMOTIONS
            )
            if emotions and re.search(r"\b(?:I|my|me)\b", text):
                yield text.replace(" - ", "-"), emotions

    return _sentences(rows())


def load_pepys(path: Path) -> Pool:
    """Read Pepys' diary (gzip text); a sentence without a word of feeling counts as neutral.

    The emotion of the others is unknown: they are filed as mixed, to copy but not to choose.
    """

    def rows() -> Iterator[tuple[str, tuple[str, ...]]]:
        diary = gzip.decompress(path.read_bytes()).decode("utf-8")
        for line in diary.splitlines():
            for raw in _PEPYS_END.split(_DAY.sub("", line)):
                if len(raw.split()) <= 30:
                    yield raw, (("unknown", NEUTRAL) if _FEELING.search(raw) else (NEUTRAL,))

    return _sentences(rows())
