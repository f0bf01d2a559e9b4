"""Keep the model's output if the entry supports it; otherwise use sentences of the entry.

The checks compare words, so that a summary contains no statement that the entry does not. They do
not depend on a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from runners.summarizer.summary import Method, PreparedSummary, Summary
from runners.text.cleaning import (
    ends_with_punctuation,
    has_unwritable_tokens,
    join_sentences,
    remove_disfluencies,
    with_case_of,
)
from runners.text.compare import (
    bigram_recall,
    is_degenerate,
    is_in_order,
    is_invented,
    is_negated,
    is_same_wording,
    normalized_words,
)

# A sentence of the entry is a source of the summary if the summary contains this share of its
# bigrams.
MIN_SOURCE_RECALL: Final = 0.5
# A longer sentence is run-on text: many sentences without punctuation, of which any may contain a
# negation.
RUN_ON_WORDS: Final = 60


def verbatim(prepared: PreparedSummary) -> Summary:
    """Return a short entry as it is, or without its disfluencies."""
    cleaned = [remove_disfluencies(sentence) for sentence in prepared.sentences]
    kept = tuple(index for index, sentence in enumerate(cleaned) if sentence)
    is_fluent = all(
        normalized_words(fluent) == normalized_words(sentence)
        for fluent, sentence in zip(cleaned, prepared.sentences, strict=True)
    )
    if is_fluent or not kept:  # an entry of disfluencies only is kept as well
        return Summary(prepared.request.text.strip(), "verbatim", kept or (0,))
    return Summary(join_sentences(cleaned[index] for index in kept), "verbatim", kept)


def faithful_rewrite(prepared: PreparedSummary, outputs: Sequence[str]) -> Summary:
    """Join the selected sentences, each as the model rewrote it if the wording is the same.

    A sentence that has punctuation, emoji or URLs is kept as it is: the model drops emoji and
    changes some punctuation. Where the writer uses capital letters, the model adds none within a
    sentence.
    """
    indices: dict[str, int] = {}  # by the sentence in the summary
    is_faithful = True
    has_capitals = any(map(str.isupper, "".join(prepared.sentences)))
    for index, output in zip(prepared.selected, outputs, strict=True):
        sentence = prepared.sentences[index]
        is_same = is_same_wording(sentence, output)
        is_faithful &= is_same
        keep = not is_same or ends_with_punctuation(sentence) or has_unwritable_tokens(sentence)
        if has_capitals:
            output = with_case_of(sentence, output)
        indices.setdefault(remove_disfluencies(sentence if keep else output), index)
    return _joined(prepared, indices, is_generated=is_faithful)


def faithful_abstract(
    prepared: PreparedSummary,
    generated: Sequence[str],
    min_overlap: float,
) -> Summary:
    """Join the generated sentences if the entry supports each; otherwise the selected sentences.

    Args:
        prepared: the entry.
        generated: sentences that the model generated for the entry, without disfluencies.
        min_overlap: see `SummarizerConfig.min_overlap`.

    """
    text = " ".join(generated)
    if not is_degenerate(text) and all(
        _is_supported(sentence, prepared, min_overlap) for sentence in generated
    ):
        recalls = [bigram_recall(sentence, text) for sentence in prepared.sentences]
        sources = tuple(i for i, recall in enumerate(recalls) if recall >= MIN_SOURCE_RECALL)
        return Summary(text, "generated", sources)
    indices = {remove_disfluencies(prepared.sentences[index]): index for index in prepared.selected}
    return _joined(prepared, indices, is_generated=False)


def _joined(prepared: PreparedSummary, indices: dict[str, int], *, is_generated: bool) -> Summary:
    """Join the sentences that are the keys of `indices`, the blank one left out."""
    sentences = {sentence: index for sentence, index in indices.items() if sentence}
    if not sentences:
        return verbatim(prepared)
    method: Method = "generated" if is_generated else "extracted"
    return Summary(join_sentences(sentences), method, tuple(sentences.values()))


def _is_supported(sentence: str, prepared: PreparedSummary, min_overlap: float) -> bool:
    """Whether the entry supports a generated sentence.

    The entry has to contain its content words, and one sentence of the entry its statement: a
    sentence whose words are all in the entry may still join two statements, or lose a "not".
    """
    if is_invented(sentence, prepared.request.text):
        return False
    # A text without punctuation is split anywhere, so two neighbours count as one sentence as well.
    candidates = [*prepared.sentences, *map(" ".join, pairwise(prepared.sentences))]
    nearest = max(candidates, key=lambda candidate: bigram_recall(sentence, candidate))
    if min_overlap and not (
        is_in_order(sentence, nearest) and bigram_recall(sentence, nearest) >= min_overlap
    ):
        return False
    is_complete = nearest in prepared.sentences and nearest.endswith((".", "!", "?", "…"))
    if is_complete and bigram_recall(remove_disfluencies(nearest), sentence) < min_overlap:
        return False  # the generated sentence is truncated
    is_run_on = len(normalized_words(nearest)) > RUN_ON_WORDS
    return is_negated(nearest) == is_negated(sentence) or is_run_on
