"""Take what the model wrote where the entry says it, else the entry's own words.

Nothing that is served was made up: each check here compares words, and knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from runners.summarizer.summary import PreparedSummary, Summary
from runners.text.compare import (
    bigram_recall,
    ends_with_punctuation,
    has_unwritable_tokens,
    is_degenerate,
    is_in_order,
    is_invented,
    is_negated,
    is_same_wording,
    join_sentences,
    normalized_words,
    remove_disfluencies,
)

# A sentence of the entry is a source of the summary when so much of it was taken over.
SOURCE_OVERLAP: Final = 0.5
# A "sentence" so long is a ramble of many, and so maybe with a negation of theirs.
RAMBLE_WORDS: Final = 60


def verbatim(prepared: PreparedSummary) -> Summary:
    """Return the whole of a short entry as it stands, or cleaned where it hesitates."""
    cleaned = [remove_disfluencies(sentence) for sentence in prepared.sentences]
    kept = tuple(place for place, sentence in enumerate(cleaned) if sentence)
    is_fluent = all(
        normalized_words(own) == normalized_words(sentence)
        for own, sentence in zip(cleaned, prepared.sentences, strict=True)
    )
    if is_fluent or not kept:  # nothing but hesitation; it is the entry all the same
        return Summary(prepared.request.text.strip(), "verbatim", kept or (0,))
    return Summary(join_sentences(cleaned[place] for place in kept), "verbatim", kept)


def rewritten(prepared: PreparedSummary, outputs: Sequence[str]) -> Summary:
    """Put the chosen sentences together: as the model wrote each, if it says the same.

    The marks are the entry's own where it has any: the model drops emoji and some punctuation.
    """
    told: dict[str, int] = {}
    faithful = True
    for place, output in zip(prepared.selected, outputs, strict=True):
        sentence = prepared.sentences[place]
        is_same = is_same_wording(sentence, output)
        faithful &= is_same
        has_marks = ends_with_punctuation(sentence) or has_unwritable_tokens(sentence)
        told.setdefault(
            remove_disfluencies(output if is_same and not has_marks else sentence), place
        )
    told.pop("", None)
    if not told:
        return verbatim(prepared)
    return Summary(
        join_sentences(told), "generated" if faithful else "extracted", tuple(told.values())
    )


def condensed(
    prepared: PreparedSummary,
    generated: Sequence[str],
    least_overlap: float,
) -> Summary:
    """Take the sentences that a model made of the whole entry, if the entry says each of them.

    Else those of the entry that were chosen are told.

    Args:
        prepared: the entry.
        generated: sentences, cleaned.
        least_overlap: share of a generated sentence's word pairs that one sentence of the entry
            has to hold, all its words in order; 0 for a model that rephrases.

    """
    text = " ".join(generated)
    if not is_degenerate(text) and all(
        _is_said(sentence, prepared, least_overlap) for sentence in generated
    ):
        overlaps = [bigram_recall(sentence, text) for sentence in prepared.sentences]
        sources = tuple(place for place, share in enumerate(overlaps) if share >= SOURCE_OVERLAP)
        return Summary(text, "generated", sources)
    told = {remove_disfluencies(prepared.sentences[place]): place for place in prepared.selected}
    told.pop("", None)
    if not told:
        return verbatim(prepared)
    return Summary(join_sentences(told), "extracted", tuple(told.values()))


def _is_said(sentence: str, prepared: PreparedSummary, least_overlap: float) -> bool:
    """Tell whether the entry has the sentence's content words, and one sentence its sense.

    Words that all stand in the entry can still be spliced from two sentences, or lose a "not".
    """
    if is_invented(sentence, prepared.request.text):
        return False
    # A ramble without punctuation is cut anywhere, so neighbours count as one as well.
    own = [*prepared.sentences, *map(" ".join, pairwise(prepared.sentences))]
    nearest = max(own, key=lambda said: bigram_recall(sentence, said))
    if least_overlap and not (
        is_in_order(sentence, nearest) and bigram_recall(sentence, nearest) >= least_overlap
    ):
        return False
    is_whole = nearest in prepared.sentences and nearest.endswith((".", "!", "?", "…"))
    if is_whole and bigram_recall(remove_disfluencies(nearest), sentence) < least_overlap:
        return False  # it breaks off
    return (
        is_negated(nearest) == is_negated(sentence) or len(normalized_words(nearest)) > RAMBLE_WORDS
    )
