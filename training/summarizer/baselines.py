"""Baselines for summaries: the first sentences (lead), and LexRank by sumy."""

from __future__ import annotations

import re

from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer

from runners.text.sentences import split_sentences


class _Words:
    """A tokenizer for sumy, whose default downloads data."""

    def to_words(self, sentence: str) -> list[str]:
        return re.findall(r"\w+", sentence.lower())


_LEX_RANK = LexRankSummarizer(Stemmer("english"))


def lead(text: str, number: int) -> str:
    """Return the first `number` sentences."""
    return " ".join(sentence.text for sentence in split_sentences(text)[:number])


def lex_rank(text: str, number: int) -> str:
    """Return the `number` most central sentences (Erkan and Radev, 2004), in their order."""
    sentences = [Sentence(sentence.text, _Words()) for sentence in split_sentences(text)]
    document = ObjectDocumentModel([Paragraph(sentences)])
    return " ".join(str(sentence) for sentence in _LEX_RANK(document, number))
