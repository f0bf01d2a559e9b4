"""Words with which a writer says a mood that GoEmotions' labels do not hold.

Four moods: calm, content, overwhelmed, tired. A *state* is an adjective, which counts where it is
said of the writer ("I was so calm", "home, tired"; not "the calm sea", "she was tired"). A *phrase*
says the mood by itself ("worn out", "too much on my plate"). A *topic* says nothing by itself; it
counts as far as the emotions of its side bear it out ("slept" in a text that is sad or annoyed).
Nothing counts that is denied ("not tired"), wished for or supposed ("I want to feel calm", "if I
were calm"); a denied comparative affirms ("never been calmer").

The lists are general English, written down by hand. They were not fitted to any data, and know
only what they list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["positive", "negative"]


@dataclass(frozen=True, slots=True)
class CueList:
    """The cues of one mood, as regular expressions over lower-case text, and its topics' side."""

    states: str
    phrases: str
    topics: str
    side: Side


@dataclass(frozen=True, slots=True)
class Cues:
    """Moods that are said in a text, and moods whose topics it touches."""

    said: frozenset[str]
    touched: frozenset[str]


CUE_LISTS: Final[dict[str, CueList]] = {
    "calm": CueList(
        states=r"calm|calmer|calmest|relaxed|peaceful|serene|tranquil|centered|centred|grounded"
        r"|unhurried|at peace|at ease|at rest",
        phrases=r"calmed me|calms me|(?:feel|felt|feeling|inner|sense of|full of) (?:calm|peace|"
        r"serenity|stillness)|peace of mind|(?:calm|peaceful|quiet|slow|restful) (?:day|morning|"
        r"afternoon|evening|night|weekend|hour|walk|moment)"
        r"|(?:mind|head|heart|body|everything) (?:is|was|went|felt|goes|grew|has gone) "
        r"(?:quiet|still|peaceful)",
        topics=r"quiet|quietly|stillness|silence|slowly|breathed|breathing|gentle|meditat\w+|yoga"
        r"|unwind|unwinding",
        side="positive",
    ),
    "content": CueList(
        states=r"content|contented|satisfied|fulfilled|cosy|cozy|comfortable|at home",
        phrases=r"contentment|contentedly|all i need|all i needed|need nothing (?:else|more)"
        r"|want for nothing|nowhere else i(?:'d| would) rather|life is good|happy with (?:what|"
        r"where|how|my)|nothing (?:is |was )?missing|just right",
        topics=r"enough|simple|ordinary|cosy|cozy|pleasant|little things|small things",
        side="positive",
    ),
    "overwhelmed": CueList(
        states=r"overwhelmed|swamped|overloaded|overburdened|snowed under|frazzled|stretched thin"
        r"|in over my head|burned out|burnt out|at (?:my|the end of my) (?:limit|rope|tether)",
        phrases=r"overwhelming|overwhelms me|too much (?:for me|to (?:do|handle|bear|take|manage)"
        r"|on my plate|going on|at once)|(?:all|just|everything is|everything's|it's|got) too much"
        r"|(?:can't|cannot|can not|couldn't|can barely|could barely|don't know how to) (?:cope|"
        r"keep up|handle (?:it|this|all|any)|take (?:it )?any ?more|catch up|keep my head above)"
        r"|drowning in|buried (?:in|under)|falling apart|breaking point"
        r"|(?:don't|didn't) (?:even )?know where to (?:start|begin)",
        topics=r"too much|too many|so many|all at once|deadlines?|to-do|piled up|piling up|juggl\w+"
        r"|endless|nonstop|non-stop|pressure|falling behind|chaos",
        side="negative",
    ),
    "tired": CueList(
        states=r"tired(?! of)|exhausted|sleepy|drowsy|weary|fatigued|drained|worn out|wiped out"
        r"|worn-out|knackered|shattered|beat|dead on my feet|burned out|burnt out|run down"
        r"|out of energy|sleep[- ]deprived",
        phrases=r"exhaustion|fatigue|tiredness"
        r"|(?:was|is|so|been|how) (?:exhausting|tiring|draining)"
        r"|(?:no|zero|without any|little) energy(?: left)?|ran out of (?:energy|steam)"
        r"|(?:exhausted|drained|tired|wore) me(?: out)?"
        r"|need(?:ed)? (?:a nap|sleep|some sleep|rest)"
        r"|(?:can't|couldn't|cannot|can barely|could barely|can hardly|could hardly) "
        r"(?:keep my eyes open|stay awake)|fell asleep (?:at|in|on|over|before)|yawning",
        topics=r"sleep|slept|asleep|awake|insomnia|nap|late shift|long day|long week|double shift"
        r"|overtime",
        side="negative",
    ),
}

# Blanked before the search: they say other things, or look like a denial and are none.
_OTHER_SENSE: Final = re.compile(
    r"overwhelmed (?:with|by) (?:\w+ )?(?:joy|love|gratitude|happiness|kindness|support)"
    r"|calm down|content(?=\s+(?:creator|warning|of the))|comfortable (?:with|shoes|chair)"
    r"|satisfied customer|anything but \w+|\bnot (?:only|just)\b"
)
_SENTENCE_END: Final = re.compile(r"[.!?…\n]")
_CLAUSE: Final = re.compile(
    r"[,;:()—–]|--|\b(?:but|because|though|although|while|when|whenever|until|yet|since)\b"
)
_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
# Read so far back from a cue, in characters: a sentence, mostly.
_REACH: Final = 160


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LINKS: Final = _words(
    "am i'm be been being is are was were it's we're feel feels feeling felt get gets getting got "
    "left leaves leaving made makes became become grew turned stayed seem seemed remain ended "
    "keep kept"
)
# After these a state without a verb is said of the writer: "woke up tired", "left me drained".
_ANCHORS: Final = _words("me myself us up home back bed work away down out")
_LIGHT: Final = _words(
    "so very too quite pretty completely totally utterly just still all also already a bit little "
    "kind sort of somehow more most this that as both oh again now simply here at bone dead dog "
    "extra even much any such rather today tonight always often i we think say said like know have "
    "has had i've we've over"
)
_NEGATORS: Final = _words(
    "not never no nor neither hardly barely scarcely without less least longer cannot nobody none"
)
_UNREAL: Final = _words(
    "wish wished want wanted need needed try tried trying hope hoping hoped if should would "
    "pretend pretended pretending supposed used expected longing to let stop stopped anything far"
)
_SUPERLATIVE: Final = _words("never can't couldn't cannot haven't hadn't")
_COMPARED: Final = _words("more so this as such")
_WRITER: Final = _words("i i'm i've i'd i'll me myself we we're we've us")
_OTHERS: Final = _words("he he's she she's they they're you you're everyone somebody someone")
# What a writer says the own state of: "my whole body was tired", "the evening was calm".
_OWN: Final = _words(
    "body mind head heart brain soul legs eyes it everything today day morning afternoon evening "
    "night week weekend life house home work and there"
)


def _compile(cues: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'-])(?:{cues})(?![\w'-])")


_STATES: Final = {mood: _compile(cues.states) for mood, cues in CUE_LISTS.items()}
_PHRASES: Final = {mood: _compile(cues.phrases) for mood, cues in CUE_LISTS.items()}
_TOPICS: Final = {mood: _compile(cues.topics) for mood, cues in CUE_LISTS.items()}


def find_cues(text: str) -> Cues:
    """The moods that `text`, of one sentence or many, says or touches."""
    text = _OTHER_SENSE.sub(lambda match: "_" * len(match[0]), text.lower().replace("’", "'"))
    said = {
        mood
        for mood in CUE_LISTS
        if any(_is_state(text, match) for match in _STATES[mood].finditer(text))
        or any(_is_affirmed(text, match) for match in _PHRASES[mood].finditer(text))
    }
    touched = {mood for mood, topics in _TOPICS.items() if topics.search(text)}
    return Cues(frozenset(said), frozenset(touched - said))


def _before(text: str, start: int) -> tuple[list[str], list[str]]:
    """Words of the sentence, and of the clause, that stand before `start`."""
    reach = text[max(0, start - _REACH) : start]
    sentence = _SENTENCE_END.split(reach)[-1]
    return _WORD.findall(sentence), _WORD.findall(_CLAUSE.split(sentence)[-1])


def _walk_back(clause: Sequence[str]) -> int:
    """Index of the first of the words that lead straight to the cue: "was so very" tired."""
    index = len(clause)
    while index:
        word = clause[index - 1]
        if word in ("and", "or", "nor") and not _LINKS.intersection(clause[index:]):
            index -= 2 if index > 1 else 1  # "not calm and relaxed": the other one is passed too
        elif word in _LIGHT or word in _LINKS or (word.endswith("ly") and word not in _NEGATORS):
            index -= 1
        else:
            break
    return index


def _holds(clause: Sequence[str], index: int, *, compared: bool) -> bool:
    """Whether the word before the ones that lead to the cue leaves it standing."""
    gate = clause[index - 1] if index else ""
    if gate in _NEGATORS or gate.endswith("n't"):
        return gate in _SUPERLATIVE and compared
    return gate not in _UNREAL


def _is_the_writers(sentence: Sequence[str]) -> bool:
    people = [word for word in sentence if word in _WRITER or word in _OTHERS]
    return not people or people[-1] in _WRITER


def _is_affirmed(text: str, match: re.Match[str]) -> bool:
    sentence, clause = _before(text, match.start())
    index = _walk_back(clause)
    compared = bool(_COMPARED.intersection(clause[index:]))
    return _holds(clause, index, compared=compared) and _is_the_writers(sentence)


def _is_state(text: str, match: re.Match[str]) -> bool:
    sentence, clause = _before(text, match.start())
    index = _walk_back(clause)
    lead = clause[index:]
    compared = match[0].endswith(("er", "est")) or bool(_COMPARED.intersection(lead))
    if not _holds(clause, index, compared=compared):
        return False
    gate = clause[index - 1] if index else ""
    negated = gate in _NEGATORS or gate.endswith("n't")
    if not (index <= 0 or negated or gate in _ANCHORS or _LINKS.intersection(lead)):
        return False
    if {"is", "are", "was", "were"}.intersection(lead) and not _WRITER.intersection(lead):
        return not gate or gate in _OWN or gate in _WRITER  # "the kids were tired"
    return _is_the_writers(sentence)
