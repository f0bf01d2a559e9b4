"""How a T5 checkpoint wants to be asked; the exporter writes it, the summarizer reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

CONFIG_FILE: Final = "samo.json"


@dataclass(frozen=True, slots=True)
class SummarizerConfig:
    """How the checkpoint wants to be asked, from `samo.json` beside it.

    Attributes:
        prefix: goes before every input; may hold `{max_sentences}` where it reads the entry.
        reads: "sentences" that were chosen, each by itself, or the whole "entry".
        max_input_tokens: longest input, prefix and end included.
        max_output_tokens: longest output.
        max_budget: largest number that `{max_sentences}` was trained with.
        num_beams: width of the beam search.
        no_repeat_ngram_size: no so many tokens in a row come twice; 0 allows it.
        length_penalty: exponent of the length that a hypothesis' score is divided by.
        least_overlap: share of a generated sentence's word pairs that one sentence of the entry
            has to hold, all its words in order, where it reads the entry. 0 for a checkpoint that
            rephrases.

    """

    prefix: str
    reads: Literal["sentences", "entry"]
    max_input_tokens: int
    max_output_tokens: int
    max_budget: int
    num_beams: int
    no_repeat_ngram_size: int
    length_penalty: float
    least_overlap: float

    @classmethod
    def read(cls, folder: Path) -> SummarizerConfig:
        """Read `samo.json`. Raises `FileNotFoundError` or `KeyError` for an incomplete export."""
        values = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))["task"]
        return cls(**{name: values[name] for name in cls.__slots__})
