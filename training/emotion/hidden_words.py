"""Training examples with hidden words, for explanations that readers find sensible.

    python -m training.emotion.hidden_words --data ../shared/data --examples FILE ... \
        --output FILE

To explain a label, the service classifies the text again with one word replaced by mask tokens. The
further the label's probability falls, the more important is the word. A model that was not trained
on such texts also reacts to words that do not show the emotion. `explanation_lessons.jsonl` lists
for each text the words that do, marked by a reader. If these are hidden, the text's emotions become
less probable; if other words are hidden, the text keeps its labels.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from runners.emotion.classifier import Span
from runners.emotion.prediction import NEUTRAL
from runners.text.compare import is_function_word
from samo.insight.words import TextWord, split_words
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.corpora import goemotions_labels
from training.emotion.data import LabelledTexts, load_examples, read_lines, write_examples
from training.emotion.evaluate_reasons import bare

LESSONS: Final = Path(__file__).with_name("explanation_lessons.jsonl")
# Share of a text's other words that are hidden together.
HIDDEN_SHARE: Final = 0.3
# Most hidden words are not function words: explanations seldom list those.
FUNCTION_WORD_WEIGHT: Final = 0.2
# With all marked words hidden, an emotion has this share of its probability, and `neutral` at least
# `NEUTRAL_WITHOUT_WORDS`.
KEPT_WITHOUT_WORDS: Final = 0.25
NEUTRAL_WITHOUT_WORDS: Final = 0.4
# With one of several marked words hidden, an emotion has this share of its probability.
KEPT_WITHOUT_ONE: Final = 0.7


def hide_words(examples: LabelledTexts, marked: Mapping[str, frozenset[str]]) -> LabelledTexts:
    """Return up to four examples for each of `examples` that has marked words.

    Hidden are a single other word, a part of the other words, all marked words, and one of several
    marked words. Moods and contexts are unknown where marked words are hidden.

    Args:
        examples: with all of `output_names`.
        marked: for each text its marked words, in lower case without punctuation at the ends.

    """
    rng = random.Random(0)  # noqa: S311 - reproducible on purpose
    neutral = examples.label_names.index(NEUTRAL)
    emotions = slice(neutral)  # neutral is the last label, before moods and contexts
    texts: list[str] = []
    rows: list[Array] = []
    hidden: list[tuple[Span, ...]] = []

    def add(words: Sequence[TextWord], row: Array) -> None:
        texts.append(text)
        rows.append(row)
        hidden.append(tuple((word.start, word.end) for word in words))

    for text, labels in zip(examples.texts, examples.labels, strict=True):
        words = [word for word in split_words(text) if any(map(str.isalnum, word.text))]
        reasons = [word for word in words if bare(word.text) in marked.get(text, ())]
        others = [word for word in words if word not in reasons]
        if not reasons or not others:
            continue
        weights = [FUNCTION_WORD_WEIGHT if is_function_word(word.text) else 1.0 for word in others]
        add(rng.choices(others, weights), labels)
        add(rng.sample(others, math.ceil(HIDDEN_SHARE * len(others))), labels)
        without_words = labels.copy()
        without_words[neutral + 1 :] = np.nan
        without_one = without_words.copy()
        without_words[emotions] *= KEPT_WITHOUT_WORDS
        without_words[neutral] = max(labels[neutral], NEUTRAL_WITHOUT_WORDS)
        add(reasons, without_words)
        if len(reasons) > 1:
            without_one[emotions] *= KEPT_WITHOUT_ONE
            add([rng.choice(reasons)], without_one)
    return LabelledTexts(texts, np.stack(rows), examples.label_names, hidden)


def load_lessons(path: Path = LESSONS) -> dict[str, frozenset[str]]:
    """Return for each text its marked words, in lower case without punctuation at the ends."""
    return {line["text"]: frozenset(map(bare, line["words"])) for _, line in read_lines([path])}


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.hidden_words",
        "Write training examples with hidden words, from examples whose words are marked.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--examples", type=Path, nargs="+", required=True, help="files of training examples"
    )
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    examples = load_examples(args.examples, goemotions_labels(args.data))
    write_examples(hide_words(examples, load_lessons()), args.output)


if __name__ == "__main__":
    main()
