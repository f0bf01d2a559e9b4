"""Evaluate whether people find the heaviest word of an explanation sensible.

    python -m training.emotion.evaluate_reasons [--model FOLDER] [--probe FILE]

`explanation_probe.jsonl` has texts of the probes, `explanation_dev.jsonl` others, on which the
choice of words was developed. For each emotion that a reader could name, a file lists the words
that show it, marked by hand before any model explained these texts. An explanation
is sensible if its heaviest word is one of them. Explanations without a word are counted separately:
no single word makes a difference. Emotions that are not in the probe are not counted: they are
errors of the classifier. The last line of output is JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from runners.emotion.calibration import Probabilities
from runners.emotion.classifier import ClassifierInput, EmotionClassifier
from samo.insight.explanation import Explanation
from samo.insight.occlusion import find_possible_reasons, words_to_explain
from training.command_line import command_parser
from training.emotion.data import read_lines
from training.emotion.former import print_figures
from training.emotion.served import (
    add_model_argument,
    classify_entries,
    load_classifier,
)

PROBE: Final = Path(__file__).with_name("explanation_probe.jsonl")
_EDGES: Final = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text and, for each emotion, the words that show it."""

    text: str
    reasons: Mapping[str, frozenset[str]]

    def is_sensible(self, explanation: Explanation) -> bool:
        """Whether the heaviest word was marked for the emotion; there must be one."""
        return bare(explanation.words[0].word.text) in self.reasons[explanation.emotion]


def bare(word: str) -> str:
    """The word in lower case without punctuation at its ends; a symbol stays as it is."""
    return _EDGES.sub("", word).lower() or word


def load_marked_texts(path: Path) -> list[MarkedText]:
    """Load a file of texts with marked words."""
    return [
        MarkedText(
            line["text"],
            {emotion: frozenset(map(bare, words)) for emotion, words in line["reasons"].items()},
        )
        for _, line in read_lines([path])
    ]


def explain(classifier: EmotionClassifier, text: str) -> list[Explanation]:
    """Explain the emotions of a text as `/predict` does."""
    calibration = classifier.calibration
    [classified] = classify_entries(classifier, [text])
    emotions = calibration.decide(classified.entry_probabilities)
    possible = find_possible_reasons(
        calibration,
        classified,
        words_to_explain(classified.split),
        [emotion.name for emotion in emotions],
    )

    def classify(inputs: Sequence[ClassifierInput]) -> Sequence[Probabilities]:
        prepared = [classifier.prepare(one) for one in inputs]
        return classifier.predict(prepared) if prepared else []  # a text that is only neutral

    occlusion = possible.occlude(calibration, classify(possible.inputs))
    return occlusion.explain(calibration, classify(occlusion.inputs))


def evaluate(classifier: EmotionClassifier, marked: Sequence[MarkedText]) -> dict[str, Any]:
    """Return the share of sensible explanations and the heaviest words that were not marked."""
    judged = [
        (one, explanation)
        for one in tqdm(marked, desc="explaining", unit="text")
        for explanation in explain(classifier, one.text)
        if explanation.emotion in one.reasons
    ]
    with_word = [(one, explanation) for one, explanation in judged if explanation.words]
    wrong = [
        f"{explanation.emotion}: {explanation.words[0].word.text}"
        for one, explanation in with_word
        if not one.is_sensible(explanation)
    ]
    return {
        "texts": len(marked),
        "explanations": len(judged),
        "with_a_word": len(with_word),
        "sensible": round(1.0 - len(wrong) / len(with_word), 3),
        "not_sensible": wrong,
    }


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.evaluate_reasons",
        "Evaluate whether the heaviest word of an explanation is one that a reader marked. The "
        "last line is JSON.",
    )
    add_model_argument(parser)
    parser.add_argument("--probe", type=Path, default=PROBE, help="texts with marked words")
    args = parser.parse_args()
    figures = evaluate(load_classifier(args.model), load_marked_texts(args.probe))
    print(f"sensible: {figures['sensible']:.1%} of {figures['with_a_word']} explanations")
    for wrong in figures["not_sensible"]:
        print(f"  {wrong}")
    print_figures(
        "training.emotion.evaluate_reasons", figures, args.model, is_default=args.probe == PROBE
    )


if __name__ == "__main__":
    main()
