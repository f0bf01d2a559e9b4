"""Where sentences begin in a stretch of text: `sentencex`, corrected for diaries.

Wikimedia's `sentencex` knows the terminators of the world's scripts, URLs, quotes and brackets. It
was made for encyclopedias and takes many words for abbreviations ("me.", "ok.", "no.", "ill.") that
end sentences in diaries. So what follows a full stop is decided here, as are numbered lists in one
line, and emoji that stand where a full stop would.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import Final

from sentencex import get_sentence_boundaries

from runners.text.emoticons import SYMBOL_PATTERN, may_hold_symbols
from runners.text.items import list_markers
from runners.text.starters import SENTENCE_STARTERS

# A quotation or an aside up to this length is left as `sentencex` has it, which is whole.
MAX_ASIDE_CHARACTERS: Final = 250

_SYMBOL: Final = SYMBOL_PATTERN.replace("[#*0-9]", r"[\#*0-9]")
# Each alternative takes in its whole run, whether or not white space follows: else the search would
# start again at each character of the run.
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
# A letter, a digit, an emoji: something that may say something.
_CONTENT: Final = re.compile(r"[^\W_]|[\u203c-\U0010ffff]|[:;=<^]")
_NEXT_WORD: Final = re.compile(r"(?:[—–]\s+)?[\"'“‘«‹(\[{¿¡*_]*([^\W_][\w'’]*)(\.?)")
_LAST_WORD: Final = re.compile(r"[^\s\"“”‘(\[{«*/]*$")
_SAID: Final = "said|says|asked|asks|told|replied|answered|whispered|shouted|yelled|added"
_SPEAKER: Final = re.compile(
    rf"(?:[A-Z]\w*|my \w+)\s+(?:{_SAID})\b|(?:(?!I\b)[A-Z]\w*|my \w+)\s+(?:cried|laughed|thought)\b"
)
_FACE: Final = re.compile(
    "[\u2639\u263a\u2764\U0001f494-\U0001f49e\U0001f600-\U0001f64f"
    "\U0001f910-\U0001f92f\U0001f970-\U0001f97a\U0001fae0-\U0001fae8]|[:;=^<>xX_]"
)
# "Step 1. Breathe.", "Day 5. I slept.": the heading of what follows.
_LABEL: Final = re.compile(
    r"(?:step|day|week|month|tip|rule|goal|reason|question|number|item|exercise)"
    r"\s+#?(?:\d{1,3}|[IVX]{1,5}|[A-Z])",
    re.IGNORECASE,
)
_OPENING: Final = {"(": ")", "[": "]", "“": "”", "«": "»"}

# Before a name; "Dr. Smith", "St. James".
_TITLES_LIST: Final = """
dr mr mrs ms mx prof rev fr sr hon gov gen col capt cpt lt sgt maj cmdr sen rep pres st mt ft
messrs mmes supt
"""
_TITLES: Final = frozenset(_TITLES_LIST.split())
# Within a sentence, whatever follows.
_INNER: Final = frozenset(
    ["e.g", "i.e", "eg", "vs", "v", "cf", "viz", "ca", "approx", "incl", "esp", "al", "c.f"]
)
# Within a sentence where a number follows; "No. 5", "p. 12".
_BEFORE_NUMBERS_LIST: Final = """
no nos nr p pp vol ch fig sec art op est max min ext apt rm pg pt eq ver v tel abt jan feb mar apr
jun jul aug sep sept oct nov dec
"""
_BEFORE_NUMBERS: Final = frozenset(_BEFORE_NUMBERS_LIST.split())
# They end a sentence before most names too, or don't: only a word that begins sentences decides.
_BEFORE_NAMES: Final = frozenset(
    ["jr", "inc", "ltd", "co", "corp", "bros", "ave", "blvd", "rd", "dept", "univ", "assn", "gov"]
)
# Never before a lower-case word: "etc. and", "5 min. later", "in Sept. we".
_BEFORE_LOWER_LIST: Final = """
etc jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun
hr hrs mins secs lb lbs oz kg km yr yrs wk wks mo mos min sec appt temp avg misc ok'd tbsp tsp ml cm
"""
_BEFORE_LOWER: Final = frozenset(_BEFORE_LOWER_LIST.split())
# "At 6 a.m. I woke": an adverbial that the sentence begins with, up to its abbreviation.
_FRONTED: Final = re.compile(
    r"(?:At|In|On|By|Around|About|Since|Until|Before|After|From|Between|Within|For|Every|Last|Next"
    r"|This|Today at|Yesterday at|And at|So at|Then at|Just before|Just after)\s+"
    r"(?:[\w:'’.-]+\s+){0,4}[\w:.]+"
)
_FRONTED_WORDS: Final = (
    _BEFORE_LOWER | {"a.m", "p.m", "am", "pm", "min", "sec"}
) - {"etc", "misc"}  # fmt: skip


# A full stop after any other word is left to `sentencex` where it ends a sentence there.
_KNOWN: Final = _TITLES | _INNER | _BEFORE_NUMBERS | _BEFORE_NAMES | _BEFORE_LOWER | {"am", "pm"}


def sentence_starts(text: str) -> list[int]:
    """Where the sentences of `text` after the first begin, in order."""
    found = {boundary["start_index"] for boundary in get_sentence_boundaries("en", text)} - {0}
    items = list_markers(text)
    asides = _asides(text)
    changes: list[tuple[int, int, int | None]] = []
    current = 0
    candidate = _CANDIDATE if may_hold_symbols(text) else _CANDIDATE_WITHOUT_SYMBOLS
    for match in candidate.finditer(text):
        place = match.end()
        if match["gap"] is None and match["letter"] is None:
            continue
        if place in found and _is_plain_end(text, match):
            current = place
            continue
        if any(begin < place <= end for begin, end in _near(items, place)):
            changes.append((match.start(), place, None))  # the "1." of an item
            continue
        verdict = _ends(text, current, match)
        if verdict and any(begin < match.end() <= end for begin, end in _near(asides, place)):
            verdict = None
        if verdict is not None:
            changes.append((match.start(), place, place if verdict else None))
        if verdict:
            current = place
    for begin, end in items:
        changes.append((begin, end, begin or None))
    starts = _changed(sorted(found), changes) if changes else sorted(found)
    return _with_content(text, starts)


def _with_content(text: str, starts: list[int]) -> list[int]:
    """Leave out the starts of sentences of marks only: "..." belongs to what stands before it."""
    return [
        start for start, end in pairwise([*starts, len(text)]) if _CONTENT.search(text, start, end)
    ]


def _is_plain_end(text: str, match: re.Match[str]) -> bool:
    """Whether an ordinary word ends a sentence here, as nearly always: nothing to correct."""
    if match.end("marks") + 1 != match.end() or not text[match.end()].isupper():
        return False
    word = text[text.rfind(" ", 0, match.start()) + 1 : match.start()]
    return word.isalpha() and len(word) > 1 and word.lower() not in _KNOWN


def _changed(starts: list[int], changes: list[tuple[int, int, int | None]]) -> list[int]:
    """Replace the starts after `first` up to `last` by `place` for each change."""
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
    return sorted({*kept, *(place for _, _, place in changes if place)})


def _near(spans: list[tuple[int, int]], place: int) -> list[tuple[int, int]]:
    """The spans, sorted and apart, that may hold `place`."""
    index = bisect_right(spans, (place, place))
    return spans[max(0, index - 1) : index + 1]


def _ends(text: str, start: int, match: re.Match[str]) -> bool | None:
    """Whether a sentence that began at `start` ends with `match`; None leaves it to `sentencex`."""
    following = _NEXT_WORD.match(text, match.end())
    word = following[1] if following else ""
    is_capital = not word[:1].islower()
    is_pronoun = word.lower().replace("’", "'") in {"i", "i'm", "i've", "i'd", "i'll"} and not (
        following
        and following[2]
        and len(word) == 1
        and text[following.end() :].strip()[:1].isupper()
    )
    if match["alone"]:
        if not text[start : match.start()].strip():
            return None  # it begins the sentence
        if word[:1].islower():
            return None
        # a face or a heart says how the sentence felt; a flag or a cake may stand for a word
        return word in SENTENCE_STARTERS or _FACE.search(match["alone"]) is not None
    marks, symbols = match["marks"], match["symbols"]
    is_quoted = bool(match["close"].strip(")]}*_~"))
    if symbols:
        return bool(word) and (is_capital or is_pronoun or marks[-1:] in "!?" or marks == ".")
    if "!" in marks or "?" in marks:
        if is_quoted and _SPEAKER.match(text, match.end()):
            return False
        if is_capital:
            return True
        return False if is_quoted or match["close"] else None
    if len(marks) > 1 or marks == "…":
        return (is_capital and not word[:1].isdigit() and bool(word)) or (
            None if is_capital else False
        )
    if match["close"]:
        if is_quoted and _SPEAKER.match(text, match.end()):
            return False
        return is_capital or None
    last = _LAST_WORD.search(text, max(start, match.start() - 40), match.start())
    before = last[0] if last else ""
    return _full_stop_ends(
        text[start : match.start()] if match.start() - start < 60 else "",
        before,
        word,
        is_pronoun=is_pronoun,
    )


def _full_stop_ends(sentence: str, before: str, word: str, *, is_pronoun: bool) -> bool | None:
    """Whether the full stop after the word `before`, which ends `sentence`, ends it."""
    low = before.lower()
    if not before or not word:
        return None
    if low in _INNER:
        return False
    if _LABEL.fullmatch(sentence):
        return False
    if word[0].isdigit():
        if len(before) == 1 and before.isalpha():
            return False
        return low not in _BEFORE_NUMBERS and not _is_title_or_acronym(low)
    is_starter = is_pronoun or word in SENTENCE_STARTERS
    if len(before) == 1 and before.isalpha() and before.isupper():
        return is_starter
    if low in _FRONTED_WORDS and _FRONTED.fullmatch(sentence):
        return False
    if word[0].islower() and not is_pronoun:
        known = low in _BEFORE_LOWER or low in _BEFORE_NAMES or _is_title_or_acronym(low)
        return not (known or len(before) == 1)
    if low in {"a.m", "p.m", "am", "pm"} or low in _BEFORE_LOWER:
        return True
    if low in _TITLES and before[0].islower() and not is_starter:
        return False
    if _is_title_or_acronym(low) or low in _BEFORE_NAMES:
        return is_starter
    return True


def _is_title_or_acronym(low: str) -> bool:
    return low in _TITLES or re.fullmatch(r"(?:[a-z]{1,3}\.)+[a-z]{1,3}", low) is not None


def _asides(text: str) -> list[tuple[int, int]]:
    """Spans of short quotations and brackets, outermost only, sorted."""
    spans: list[tuple[int, int]] = []
    closing, begin = "", 0
    for match in re.finditer(r"[()\[\]“”«»\"]", text):
        mark = match[0]
        if closing and match.start() - begin > MAX_ASIDE_CHARACTERS:
            closing = ""
        if closing:
            if mark == closing:
                spans.append((begin, match.start()))
                closing = ""
        elif mark == '"' or mark in _OPENING:
            closing, begin = _OPENING.get(mark, '"'), match.start()
    return spans
