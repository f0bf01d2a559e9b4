"""The sentences that the summarizer learns from, with their emotions.

GoEmotions (Demszky et al., 2020) has labelled comments, BRIGHTER first-person sentences, XED spoken
lines. Pepys' diary is the prose of a diarist; a small lexicon recognizes its neutral sentences. All
of them are normalized to complete sentences, because they are also the targets of the training.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runners.emotion.prediction import NEUTRAL
from training.corpora import RatedText, read_brighter, read_goemotions, read_pepys, read_xed

_FIRST_NAMES = (
    "Anna Ben Maria Tom Sara James Leo Emma Jack Lucy Sam Nina Paul Kate Omar Lena Priya Daniel "
    "Grace Miguel Hannah Ali Chloe David Ivy Noah Rosa Simon Tara Victor Wendy Yusuf Zoe Martin "
    "Claire Peter Julia Marcus Ella Henry Ruth Oscar Amy George Nadia Felix Irene Kevin Laura"
)
FIRST_NAMES = tuple(_FIRST_NAMES.split())
RELIGIONS = ("Christian", "Muslim", "Jewish", "Hindu", "Buddhist", "Catholic")

# Emotions of XED that are used; its lines with other emotions are skipped.
XED_EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness")
# Longest sentences of Pepys' diary that are used.
MAX_PEPYS_WORDS = 30

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
_EMOTION_WORD = re.compile(
    r"\b(?:troubl|vex|glad|joy|grie[fv]|sad|afraid|fear|pleas|content|merry|sorry|ang(?:e|r)|asham"
    r"|lov|we[ep]p|tear|happ|mad\b|shame|hate|sorrow|delight|mirth|fright|wonder|admir|lament|envy"
    r"|mightily|discontent|jealous|melanchol|pride|proud|hope|desir|thank|bless|sick|pain|ill\b)",
    re.IGNORECASE,
)
_PEPYS_END = re.compile(r"(?<=[a-z][.!?])(?<!Mr\.)(?<!Mrs\.)(?<!Dr\.)(?<!Capt\.) +(?=[A-Z])")
_DAY = re.compile(r"^\d+(?:st|nd|rd|th)\.?\s*(?:\([^)]*\)\.?)?\s*")


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A normalized sentence, or `count` sentences of one comment, with its emotions."""

    text: str
    emotions: tuple[str, ...]
    count: int

    @property
    def is_neutral(self) -> bool:
        """Whether no emotion is labelled."""
        return self.emotions == (NEUTRAL,)

    @property
    def is_emotional(self) -> bool:
        """Whether an emotion is labelled and no annotator voted for neutral."""
        return NEUTRAL not in self.emotions


@dataclass(slots=True)
class Pool:
    """Sentences of one corpus; `mixed` are labelled with an emotion and with neutral."""

    emotional: list[LabelledSentence] = field(default_factory=list)
    neutral: list[LabelledSentence] = field(default_factory=list)
    mixed: list[LabelledSentence] = field(default_factory=list)

    def add(self, sentence: LabelledSentence) -> None:
        """Add a sentence to the list that it belongs to."""
        if sentence.is_neutral:
            self.neutral.append(sentence)
        elif sentence.is_emotional:
            self.emotional.append(sentence)
        else:
            self.mixed.append(sentence)

    @property
    def sentences(self) -> list[LabelledSentence]:
        """All sentences."""
        return self.emotional + self.neutral + self.mixed


def normalize_sentence(text: str) -> str | None:
    """Return complete, cased and punctuated sentences of 3 to 40 words; None if not possible.

    Placeholders are replaced by names, which depend only on a checksum of the text.
    """
    checksum = zlib.crc32(text.encode())
    text = text.translate(_QUOTES)
    names = itertools.cycle((*FIRST_NAMES[checksum % len(FIRST_NAMES) :], *FIRST_NAMES))
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


def make_pool(rows: Iterable[RatedText], max_sentences: int = 2) -> Pool:
    """Normalize texts of up to `max_sentences` sentences; skip repeats and unusable texts."""
    pool, seen = Pool(), set()
    for row in rows:
        text = normalize_sentence(row.text)
        if text is None or text in seen:
            continue
        seen.add(text)
        count = len(_END.findall(text))
        if count <= max_sentences:
            pool.add(LabelledSentence(text, row.emotions, count))
    return pool


def goemotions_pool(data: Path, split: str, max_sentences: int = 2) -> Pool:
    """GoEmotions' comments of up to `max_sentences` sentences."""
    return make_pool(read_goemotions(data, split), max_sentences)


def brighter_pool(data: Path) -> Pool:
    """BRIGHTER's sentences; those without an emotion are neutral."""
    return make_pool(RatedText(row.text, row.emotions or (NEUTRAL,)) for row in read_brighter(data))


def xed_pool(data: Path) -> Pool:
    """XED's lines in the first person with an emotion of `XED_EMOTIONS`."""

    def rows() -> Iterator[RatedText]:
        for row in read_xed(data):
            emotions = tuple(emotion for emotion in row.emotions if emotion in XED_EMOTIONS)
            if emotions and re.search(r"\b(?:I|my|me)\b", row.text):
                yield RatedText(row.text.replace(" - ", "-"), emotions)

    return make_pool(rows())


def pepys_pool(data: Path) -> Pool:
    """Sentences of Pepys' diary. Those without an emotion word are neutral, the others mixed."""

    def rows() -> Iterator[RatedText]:
        for line in read_pepys(data):
            for text in _PEPYS_END.split(_DAY.sub("", line)):
                if len(text.split()) <= MAX_PEPYS_WORDS:
                    is_neutral = not _EMOTION_WORD.search(text)
                    yield RatedText(text, (NEUTRAL,) if is_neutral else ("unknown", NEUTRAL))

    return make_pool(rows())
