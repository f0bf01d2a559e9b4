"""Configuration of an exported T5: its input format and decoding options."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

CONFIG_FILE: Final = "samo.json"
# Fields that have another name in `samo.json`.
_JSON_NAMES: Final = {
    "input_unit": "reads",
    "max_trained_sentences": "max_budget",
    "min_overlap": "least_overlap",
}


@dataclass(frozen=True, slots=True)
class SummarizerConfig:
    """Input format and decoding options of a checkpoint.

    Attributes:
        prefix: text before every input. With the input unit "entry" it may contain
            `{max_sentences}`.
        input_unit: "sentences": the model rewrites selected sentences, one per input; "entry": the
            model summarizes the entire entry.
        max_input_tokens: longest input, prefix and end token included.
        max_output_tokens: longest output.
        max_trained_sentences: largest value of `{max_sentences}` in the training data.
        num_beams: width of the beam search.
        no_repeat_ngram_size: no n-gram of this length occurs twice in an output; 0 disables this.
        length_penalty: a hypothesis' score is divided by its length to this power.
        min_overlap: with the input unit "entry": a generated sentence is kept if one sentence of
            the entry contains this share of its bigrams, and all its words in order. 0 for a
            checkpoint that paraphrases.

    """

    prefix: str
    input_unit: Literal["sentences", "entry"]
    max_input_tokens: int
    max_output_tokens: int
    max_trained_sentences: int
    num_beams: int
    no_repeat_ngram_size: int
    length_penalty: float
    min_overlap: float

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `samo.json`; raise `FileNotFoundError` or `KeyError` if the export is incomplete."""
        values = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))["task"]
        return cls(**{name: values[_JSON_NAMES.get(name, name)] for name in cls.__slots__})

    def to_json(self) -> dict[str, Any]:
        """Return the object that `samo.json` contains as "task"."""
        return {_JSON_NAMES.get(name, name): value for name, value in asdict(self).items()}
