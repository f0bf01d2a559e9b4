"""Find where sentences start: `sentencex`, corrected for diaries.

Wikimedia's `sentencex` handles the terminators of the world's scripts, URLs, quotes and brackets.
It was written for encyclopedias and treats many words as abbreviations ("me.", "ok.", "no.",
"ill.") that end sentences in diaries. This module therefore decides about full stops itself, about
numbered lists within a line, and about emoji that replace a full stop.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import Final

from sentencex import get_sentence_boundaries

from runners.text.emoticons import SYMBOL_PATTERN, may_contain_symbols
from runners.text.items import list_markers
from runners.text.starters import SENTENCE_STARTERS

# In a quotation or in brackets up to this length a sentence ends only if `sentencex` agrees.
MAX_ASIDE_CHARACTERS: Final = 250

_SYMBOL: Final = SYMBOL_PATTERN.replace("[#*0-9]", r"[\#*0-9]")
# Each alternative matches an entire run of terminators or symbols, whether or not white space
# follows. Otherwise the search would start again at each character of the run.
_MARKS: Final = r"""(?P<marks> [.!?…]++ ) (?P<close> ["'”’»›)\]}*_~]*+ )"""
_GAP: Final = r"(?P<gap> \s+ (?=\S) | $ )?"
_CANDIDATE: Final = re.compile(
    rf"""
    {_MARKS} (?P<symbols> (?: \s{{0,3}} {_SYMBOL} )*+ ) {_GAP}
    | (?P<alone> {_SYMBOL} (?: \s{{0,3}} {_SYMBOL} )*+ ) (?P<letter> \s+ (?=[^\W\d_]) )?
    """,
    re.VERBOSE,
)
_CANDIDATE_WITHOUT_SYMBOLS: Final = re.compile(
    rf"{_MARKS} {_GAP} (?P<symbols> )? (?P<alone> (?!) )? (?P<letter> (?!) )?", re.VERBOSE
)
# A letter, a digit, an emoji, or the start of an emoticon: without one, a span is punctuation only.
_CONTENT: Final = re.compile(r"[^\W_]|[\u203c-\U0010ffff]|[:;=<^]")
_NEXT_WORD: Final = re.compile(r"(?:[—–]\s+)?[\"'“‘«‹(\[{¿¡*_]*([^\W_][\w'’]*)(\.?)")
_LAST_WORD: Final = re.compile(r"[^\s\"“”‘(\[{«*/]*$")
_SPEECH_VERBS: Final = "said|says|asked|asks|told|replied|answered|whispered|shouted|yelled|added"
_SPEAKER: Final = re.compile(
    rf"(?:[A-Z]\w*|my \w+)\s+(?:{_SPEECH_VERBS})\b"
    r"|(?:(?!I\b)[A-Z]\w*|my \w+)\s+(?:cried|laughed|thought)\b"
)
_FACE_OR_HEART: Final = re.compile(
    "[\u2639\u263a\u2764\U0001f494-\U0001f49e\U0001f600-\U0001f64f"
    "\U0001f910-\U0001f92f\U0001f970-\U0001f97a\U0001fae0-\U0001fae8]|[:;=^<>xX_]"
)
# "Step 1. Breathe.", "Day 5. I slept.": a heading that belongs to the text after it.
_HEADING: Final = re.compile(
    r"(?:step|day|week|month|tip|rule|goal|reason|question|number|item|exercise)"
    r"\s+#?(?:\d{1,3}|[IVX]{1,5}|[A-Z])",
    re.IGNORECASE,
)
_OPENING: Final = {"(": ")", "[": "]", "“": "”", "«": "»"}

# Followed by a name: "Dr. Smith", "St. James".
_TITLES_LIST: Final = """
dr mr mrs ms mx prof rev fr sr hon gov gen col capt cpt lt sgt maj cmdr sen rep pres st mt ft
messrs mmes supt
"""
_TITLES: Final = frozenset(_TITLES_LIST.split())
# Never at the end of a sentence.
_INNER: Final = frozenset(
    ["e.g", "i.e", "eg", "vs", "v", "cf", "viz", "ca", "approx", "incl", "esp", "al", "c.f"]
)
# Not at the end of a sentence if a number follows: "No. 5", "p. 12".
_BEFORE_NUMBERS_LIST: Final = """
no nos nr p pp vol ch fig sec art op est max min ext apt rm pg pt eq ver v tel abt jan feb mar apr
jun jul aug sep sept oct nov dec
"""
_BEFORE_NUMBERS: Final = frozenset(_BEFORE_NUMBERS_LIST.split())
# With or without a sentence end before a capitalized word; it ends a sentence only if the word is
# one of `SENTENCE_STARTERS`.
_BEFORE_NAMES: Final = frozenset(
    ["jr", "inc", "ltd", "co", "corp", "bros", "ave", "blvd", "rd", "dept", "univ", "assn", "gov"]
)
# Not at the end of a sentence if a lower-case word follows: "etc. and", "5 min. later".
_BEFORE_LOWER_LIST: Final = """
etc jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun
hr hrs mins secs lb lbs oz kg km yr yrs wk wks mo mos min sec appt temp avg misc ok'd tbsp tsp ml cm
"""
_BEFORE_LOWER: Final = frozenset(_BEFORE_LOWER_LIST.split())
# "At 6 a.m. I woke": an adverbial at the start of a sentence, up to its abbreviation.
_FRONTED: Final = re.compile(
    r"(?:At|In|On|By|Around|About|Since|Until|Before|After|From|Between|Within|For|Every|Last|Next"
    r"|This|Today at|Yesterday at|And at|So at|Then at|Just before|Just after)\s+"
    r"(?:[\w:'’.-]+\s+){0,4}[\w:.]+"
)
_FRONTED_WORDS: Final = (
    _BEFORE_LOWER | {"a.m", "p.m", "am", "pm", "min", "sec"}
) - {"etc", "misc"}  # fmt: skip
# After any other word, an end of sentence that `sentencex` found is accepted.
_ABBREVIATIONS: Final = (
    _TITLES | _INNER | _BEFORE_NUMBERS | _BEFORE_NAMES | _BEFORE_LOWER | {"am", "pm"}
)


def sentence_starts(text: str) -> list[int]:
    """Return the offsets at which the sentences of `text` start, without the first, in order."""
    found = {boundary["start_index"] for boundary in get_sentence_boundaries("en", text)} - {0}
    items = list_markers(text)
    asides = _asides(text)
    changes: list[tuple[int, int, int | None]] = []
    current = 0
    candidate = _CANDIDATE if may_contain_symbols(text) else _CANDIDATE_WITHOUT_SYMBOLS
    for match in candidate.finditer(text):
        position = match.end()
        if match["gap"] is None and match["letter"] is None:
            continue
        if position in found and _is_plain_end(text, match):
            current = position
            continue
        if any(start < position <= end for start, end in _spans_near(items, position)):
            changes.append((match.start(), position, None))  # the "1." of an item
            continue
        is_end = _ends_sentence(text, current, match)
        if is_end and any(start < position <= end for start, end in _spans_near(asides, position)):
            is_end = None
        if is_end is not None:
            changes.append((match.start(), position, position if is_end else None))
        if is_end:
            current = position
    for start, end in items:
        changes.append((start, end, start or None))
    starts = _apply_changes(sorted(found), changes) if changes else sorted(found)
    return _with_content(text, starts)


def _with_content(text: str, starts: list[int]) -> list[int]:
    """Remove the starts of sentences without content: "..." belongs to the sentence before it."""
    return [
        start for start, end in pairwise([*starts, len(text)]) if _CONTENT.search(text, start, end)
    ]


def _is_plain_end(text: str, match: re.Match[str]) -> bool:
    """Whether a word and a full stop end the sentence, which is nearly always the case."""
    if match.end("marks") + 1 != match.end() or not text[match.end()].isupper():
        return False
    word = text[text.rfind(" ", 0, match.start()) + 1 : match.start()]
    return word.isalpha() and len(word) > 1 and word.lower() not in _ABBREVIATIONS


def _apply_changes(starts: list[int], changes: list[tuple[int, int, int | None]]) -> list[int]:
    """Replace starts in spans of text.

    A change (first, last, start) removes the starts after `first` and up to `last`, and adds
    `start` unless it is None.
    """
    kept: list[int] = []
    spans = sorted((first, last) for first, last, _ in changes)
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    position = 0
    for start in starts:
        while position < len(merged) and merged[position][1] < start:
            position += 1
        if position == len(merged) or not merged[position][0] < start <= merged[position][1]:
            kept.append(start)
    return sorted({*kept, *(start for _, _, start in changes if start)})


def _spans_near(spans: list[tuple[int, int]], position: int) -> list[tuple[int, int]]:
    """The spans that may contain `position`; `spans` is sorted and without overlaps."""
    index = bisect_right(spans, (position, position))
    return spans[max(0, index - 1) : index + 1]


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool | None:
    """Whether the sentence that started at `start` ends with `match`.

    None keeps the decision of `sentencex`.
    """
    following = _NEXT_WORD.match(text, match.end())
    word = following[1] if following else ""
    is_pronoun = following is not None and _is_pronoun_i(text, following)
    if match["alone"]:
        return _symbol_ends(text[start : match.start()], match["alone"], word)
    marks = match["marks"]
    if match["symbols"]:
        starts_sentence = not word[:1].islower() or is_pronoun or marks[-1:] in "!?" or marks == "."
        return bool(word) and starts_sentence
    if marks != ".":
        return _marks_end(text, match, word)
    if match["close"]:
        if _is_quoted(match) and _SPEAKER.match(text, match.end()):
            return False
        return not word[:1].islower() or None
    last = _LAST_WORD.search(text, max(start, match.start() - 40), match.start())
    return _full_stop_ends(
        text[start : match.start()] if match.start() - start < 60 else "",
        last[0] if last else "",
        word,
        is_pronoun=is_pronoun,
    )


def _is_pronoun_i(text: str, following: re.Match[str]) -> bool:
    """Whether the next word is the pronoun "I", not an initial such as in "I. Newton"."""
    word = following[1]
    if word.lower().replace("’", "'") not in {"i", "i'm", "i've", "i'd", "i'll"}:
        return False
    is_initial = following[2] and len(word) == 1
    return not (is_initial and text[following.end() :].strip()[:1].isupper())


def _is_quoted(match: re.Match[str]) -> bool:
    return bool(match["close"].strip(")]}*_~"))


def _symbol_ends(sentence: str, symbol: str, word: str) -> bool | None:
    """Whether a symbol without punctuation before it ends `sentence`; `word` follows."""
    if not sentence.strip() or word[:1].islower():
        return None  # the symbol starts the sentence, or the sentence continues
    # A face or a heart comments on the sentence before it; another emoji may replace a word.
    return word in SENTENCE_STARTERS or _FACE_OR_HEART.search(symbol) is not None


def _marks_end(text: str, match: re.Match[str], word: str) -> bool | None:
    """Whether "!", "?", "…" or a run such as "..." ends the sentence; `word` follows."""
    marks, is_quoted = match["marks"], _is_quoted(match)
    is_capital = not word[:1].islower()
    if "!" in marks or "?" in marks:
        if is_quoted and _SPEAKER.match(text, match.end()):
            return False
        if is_capital:
            return True
        return False if match["close"] else None
    if not is_capital:
        return False
    return (bool(word) and not word[:1].isdigit()) or None


def _full_stop_ends(sentence: str, before: str, word: str, *, is_pronoun: bool) -> bool | None:
    """Whether a full stop ends `sentence`; `before` is its last word and `word` the next one."""
    lowered = before.lower()
    if not before or not word:
        return None
    if lowered in _INNER:
        return False
    if _HEADING.fullmatch(sentence):
        return False
    if word[0].isdigit():
        if len(before) == 1 and before.isalpha():
            return False
        return lowered not in _BEFORE_NUMBERS and not _is_title_or_acronym(lowered)
    is_starter = is_pronoun or word in SENTENCE_STARTERS
    if len(before) == 1 and before.isalpha() and before.isupper():
        return is_starter
    if lowered in _FRONTED_WORDS and _FRONTED.fullmatch(sentence):
        return False
    if word[0].islower() and not is_pronoun:
        known = (
            lowered in _BEFORE_LOWER or lowered in _BEFORE_NAMES or _is_title_or_acronym(lowered)
        )
        return not (known or len(before) == 1)
    if lowered in {"a.m", "p.m", "am", "pm"} or lowered in _BEFORE_LOWER:
        return True
    if lowered in _TITLES and before[0].islower() and not is_starter:
        return False
    if _is_title_or_acronym(lowered) or lowered in _BEFORE_NAMES:
        return is_starter
    return True


def _is_title_or_acronym(lowered: str) -> bool:
    return lowered in _TITLES or re.fullmatch(r"(?:[a-z]{1,3}\.)+[a-z]{1,3}", lowered) is not None


def _asides(text: str) -> list[tuple[int, int]]:
    """Sorted spans of short quotations and brackets, without nested ones."""
    spans: list[tuple[int, int]] = []
    closing, start = "", 0
    for match in re.finditer(r"[()\[\]“”«»\"]", text):
        mark = match[0]
        if closing and match.start() - start > MAX_ASIDE_CHARACTERS:
            closing = ""
        if closing:
            if mark == closing:
                spans.append((start, match.start()))
                closing = ""
        elif mark == '"' or mark in _OPENING:
            closing, start = _OPENING.get(mark, '"'), match.start()
    return spans
