"""Words with which a writer says a mood that GoEmotions' labels do not hold.

Four moods: calm, content, overwhelmed, tired. A *state* is an adjective, which counts where it is
said of the writer ("I was so calm", "home, tired"; not "the calm sea", "she was tired"). A *phrase*
says the mood by itself ("worn out", "too much on my plate"). A *topic* says nothing by itself; it
counts as far as the emotions of its side bear it out ("slept" in a text that is sad or annoyed).
Nothing counts that is denied ("not tired"), wished for or supposed ("I want to feel calm", "if I
were calm"); a denied comparative affirms ("never been calmer").

The lists are general English, written down by hand and thinned by reading what they found in the
train splits of GoEmotions and BRIGHTER and in XED, none of which labels these moods. They know only
what they list.
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


# The cue ends its thought, and is no attribute: "overwhelming.", not "overwhelming proof".
_ENDS: Final = (
    r"(?=\s*(?:$|[.,;:!?)\n]|and |but |to |for me|right now|now|today|tonight|lately|at ))"
)

CUE_LISTS: Final[dict[str, CueList]] = {
    "calm": CueList(
        states=r"calm(?! (?:the|you|him|her|them|me|it|us|my|your|his|every\w+|down))|calmer"
        r"|relaxed|peaceful|serene|tranquil|unhurried|at peace|at ease",
        phrases=r"calmed me|calms me|(?:feel|felt|feeling|inner|sense of|full of) (?:calm|peace|"
        r"serenity|stillness)|peace of mind|(?:calm|peaceful|quiet|restful) (?:day|morning|"
        r"afternoon|evening|night|weekend|hour|walk|moment)"
        r"|my (?:mind|head|heart|body) (?:is|was|went|felt|goes|grew|has gone) "
        r"(?:quiet|still|peaceful)"
        r"|everything (?:is|was|felt|went|goes) (?:quiet|still|peaceful)",
        topics=r"quiet|quietly|stillness|silence|slowly|breathed|breathing|gentle|meditat\w+|yoga"
        r"|unwind|unwinding",
        side="positive",
    ),
    "content": CueList(
        states=rf"content(?= with|{_ENDS})|contented|satisfied|fulfilled|cosy|cozy",
        phrases=r"contentment|contentedly|(?:have|had|got) (?:all|everything) i need(?:ed)?"
        r"|need nothing (?:else|more)|want for nothing|nowhere else i(?:'d| would) rather"
        r"|life is good|happy with (?:what i|where i|how (?:i|my|things)|my life)"
        r"|nothing (?:is |was )?missing",
        topics=r"enough|simple|ordinary|cosy|cozy|pleasant|little things|small things",
        side="positive",
    ),
    "overwhelmed": CueList(
        states=r"overwhelmed|swamped|overloaded|overburdened|snowed under|frazzled|stretched thin"
        r"|in over my head|(?:burned|burnt) out(?! on)"
        r"|at (?:my|the end of my) (?:limit|rope|tether)",
        phrases=rf"overwhelming{_ENDS}|overwhelms me|too much (?:for me|on my plate)"
        r"|(?:have|had|have got|there's|there is|there was) (?:just |simply |way |far )?"
        r"too much to (?:do|handle|manage)"
        rf"|(?:all|just|everything is|everything's|it's|it was|got) too much{_ENDS}"
        r"|i (?:just |really |still )?(?:can't|cannot|can not|couldn't|can barely|could barely|"
        r"don't know how to|didn't know how to) (?:cope|keep up|catch up|"
        r"handle (?:it|this|all|any)|take (?:it )?any ?more|keep my head above)"
        r"|drowning in|buried (?:in|under) (?:\w+ )?(?:\w*work|emails?|deadlines|chores|laundry)"
        r"|(?:i'm|i am|i was|everything is|everything's) falling apart|(?:at|my) breaking point"
        r"|(?:don't|didn't) (?:even )?know where to (?:start|begin)",
        topics=r"too much|too many|so many|all at once|deadlines?|to-do|piled up|piling up|juggl\w+"
        r"|endless|nonstop|non-stop|pressure|falling behind|chaos",
        side="negative",
    ),
    "tired": CueList(
        states=r"tired(?! of)|exhausted|sleepy|drowsy|weary|fatigued|drained|(?:worn|wiped)[- ]out"
        r"|knackered|dead on my feet|(?:burned|burnt) out(?! on)|run down|out of energy"
        r"|sleep[- ]deprived",
        phrases=rf"exhaustion|fatigue|tiredness|(?:exhausting|tiring|draining){_ENDS}"
        r"|(?:no|zero|without any|little) energy(?: left)?|ran out of (?:energy|steam)"
        r"|(?:exhausted|drained|tired) me|(?:wore|tired) me out"
        r"|i (?:really |just )?need(?:ed)? (?:a nap|sleep|some sleep|rest)"
        r"|(?:can't|couldn't|cannot|can barely|could barely|can hardly|could hardly) "
        r"(?:keep my eyes open|stay awake|stop yawning)"
        r"|fell asleep (?:at my desk|on the (?:couch|sofa|train|bus)|before)",
        topics=r"sleep|slept|asleep|awake|insomnia|nap|yawn\w*|late shift|long day|long week"
        r"|double shift|overtime",
        side="negative",
    ),
}

# Blanked before the search: they say other things, or look like a denial and are none.
_OTHER_SENSE: Final = re.compile(
    r"overwhelmed (?:with|by) (?:\w+ )?(?:joy|love|gratitude|happiness|kindness|support)"
    r"|anything but \w+|\bnot (?:only|just)\b"
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
# Where one of these links, its subject is looked at: "the kids were tired" is not the writer's.
_OF_ANYONE: Final = _words("is are was were gets feels seems")
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
    "night week weekend life and there"
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
    if re.search(r"\ba (?!bit|little|lot)", " ".join(lead) + " "):
        return False  # "a more relaxed place"
    if _OF_ANYONE.intersection(lead) and not _WRITER.intersection(lead) and gate:
        return (gate in _OWN or gate in _WRITER) and _is_the_writers(sentence)
    return _is_the_writers(sentence)
