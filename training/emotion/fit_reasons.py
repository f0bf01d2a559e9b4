"""Fit the reason head: which words of a text show which emotion.

    python -m training.emotion.fit_reasons [--checkpoint FOLDER]

The encoder stays as it is: the head is fitted to the hidden states of the int8 model. In
9,611 texts the words that show an emotion were marked, by readers or by the text's writer:
`explanation_lessons_more.jsonl` lists them for each emotion, `explanation_lessons.jsonl` for all
emotions of a text together, so there they count for each label in proportion to its probability.
The export makes the head a part of the graph.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from safetensors.numpy import save_file
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm

from exporting import emotion
from exporting.quantization import quantize
from exporting.reason_head import REASONS_FILE, hidden_states
from runners.emotion.classifier import EmotionClassifier, TextWithWords
from runners.emotion.prediction import NEUTRAL
from samo.insight.words import TextWord, split_words
from training.arrays import Array
from training.command_line import command_parser
from training.emotion.data import read_lines
from training.emotion.evaluate_reasons import bare
from training.emotion.served import THREADS, load_classifier
from training.graph_session import session_with_outputs

LESSONS: Final = tuple(
    Path(__file__).with_name(name)
    for name in ("explanation_lessons.jsonl", "explanation_lessons_more.jsonl")
)
WIDTH: Final = 256
EPOCHS: Final = 6
BATCH_TOKENS: Final = 512
LEARNING_RATE: Final = 1e-3
WEIGHT_DECAY: Final = 1e-2
DROPOUT: Final = 0.3
# Few words show an emotion: biases that start at this logit save training steps.
_FIRST_LOGIT: Final = -4.0


@dataclass(frozen=True, slots=True)
class MarkedLesson:
    """A text and the words that show its emotions, in lower case, as a reader marked them.

    `reasons` has the words of each emotion; None if the reader did not tell emotions apart.
    """

    text: str
    words: frozenset[str]
    reasons: Mapping[str, frozenset[str]] | None


def load_lessons(paths: Sequence[Path] = LESSONS) -> list[MarkedLesson]:
    """Load the texts of training."""
    lessons = []
    for _, line in read_lines(paths):
        by_emotion = {
            emotion: frozenset(map(bare, words))
            for emotion, words in line.get("reasons", {}).items()
        }
        words = frozenset(map(bare, line.get("words", ()))).union(*by_emotion.values())
        lessons.append(MarkedLesson(line["text"], words, by_emotion or None))
    return lessons


class HiddenStates:
    """The hidden states that the reason head reads, from an exported model in `folder`."""

    def __init__(self, folder: Path) -> None:
        model = onnx.load(folder / "model.onnx", load_external_data=False)
        self._names = hidden_states(model.graph)
        # One thread per session: `examples` computes several texts at the same time.
        self._session = session_with_outputs(model, folder, self._names)

    def __call__(self, ids: Array) -> tuple[Array, Array]:
        """Return the states of a text's tokens, (tokens, states · hidden size), and its logits."""
        *states, logits = self._session.run(
            [*self._names, "logits"],
            {"input_ids": ids[None], "attention_mask": np.ones_like(ids[None])},
        )
        return np.concatenate([state[0] for state in states], axis=-1), logits[0]


def examples(
    classifier: EmotionClassifier, states: HiddenStates, lessons: Sequence[MarkedLesson]
) -> tuple[Array, Array]:
    """Return the inputs of the head and its targets, for every token that belongs to a word.

    Returns:
        Hidden states, float16 of shape (tokens, states · hidden size), and targets, float32 of
        shape (tokens, labels).
    """

    def example(lesson: MarkedLesson) -> tuple[Array, Array]:
        words = split_words(lesson.text)
        spans = tuple((word.start, word.end) for word in words)
        prepared = classifier.prepare(TextWithWords(lesson.text, spans))
        hidden, logits = states(prepared.ids)
        probabilities = 1.0 / (1.0 + np.exp(-logits / classifier.calibration.temperature))
        reasons = _reasons(lesson, words, classifier.calibration.labels, probabilities)
        tokens = prepared.words.any(axis=0)
        word_of_token = prepared.words.argmax(axis=0)
        return hidden[tokens].astype(np.float16), reasons[word_of_token[tokens]]

    with ThreadPoolExecutor(THREADS) as executor:
        rows = list(
            tqdm(executor.map(example, lessons), desc="encoding", unit="text", total=len(lessons))
        )
    inputs, targets = zip(*rows, strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


def _reasons(
    lesson: MarkedLesson,
    words: Sequence[TextWord],
    labels: Sequence[str],
    probabilities: Array,
) -> Array:
    """How much each word shows each label, float32 of shape (words, labels)."""
    reasons = np.zeros((len(words), len(labels)), dtype=np.float32)
    for row, word in enumerate(words):
        text = bare(word.text)
        if lesson.reasons is not None:
            reasons[row] = [text in lesson.reasons.get(label, ()) for label in labels]
        elif text in lesson.words:
            reasons[row] = probabilities[: len(labels)]
    reasons[:, labels.index(NEUTRAL)] = 0.0
    return reasons


def fit(inputs: Array, targets: Array) -> dict[str, Array]:
    """Train the head and return its weights as `exporting.reason_head` describes them."""
    torch.manual_seed(0)
    states, wanted = torch.from_numpy(inputs), torch.from_numpy(targets)
    sample = states[:: max(1, len(states) // 50_000)].float()
    mean, deviation = sample.mean(dim=0), sample.std(dim=0) + 1e-3
    hidden = torch.nn.Linear(states.shape[1], WIDTH)
    output = torch.nn.Linear(WIDTH, wanted.shape[1])
    torch.nn.init.constant_(output.bias, _FIRST_LOGIT)
    dropout = torch.nn.Dropout(DROPOUT)
    parameters = [*hidden.parameters(), *output.parameters()]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(states) // BATCH_TOKENS)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for _ in tqdm(range(EPOCHS), desc="fitting", unit="epoch"):
        for rows in torch.randperm(len(states)).split(BATCH_TOKENS):
            standard = dropout((states[rows].float() - mean) / deviation)
            logits = output(dropout(torch.relu(hidden(standard))))
            loss = binary_cross_entropy_with_logits(logits, wanted[rows], reduction="none")
            optimizer.zero_grad()
            loss.sum(dim=1).mean().backward()
            optimizer.step()
            schedule.step()
    with torch.inference_mode():
        weight = hidden.weight / deviation  # so that the graph need not standardize
        weights = {
            "hidden.weight": weight.T,
            "hidden.bias": hidden.bias - weight @ mean,
            "output.weight": output.weight.T,
            "output.bias": output.bias,
        }
    return {
        name: np.ascontiguousarray(value.detach().numpy().astype(np.float16))
        for name, value in weights.items()
    }


def export_int8(checkpoint: Path, scratch: Path) -> Path:
    """Export a checkpoint as the service uses it; return the folder of the model."""
    opened = emotion.AdapterCheckpoint.open(checkpoint, "auto")
    folder = scratch / "exported"
    folder.mkdir()
    graph = scratch / "int8.onnx"
    quantize(emotion.fill_graph(opened, scratch), graph, opened.activations)
    emotion.write_folder(opened, graph, folder)
    return folder


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.fit_reasons", "Fit the head that finds the words of explanations."
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=Path("checkpoints/emotion"),
        help="folder that training.emotion.publish wrote; the head is written to it",
    )
    args = parser.parse_args()
    target = args.checkpoint / REASONS_FILE
    with tempfile.TemporaryDirectory() as scratch:
        folder = export_int8(args.checkpoint, Path(scratch))
        inputs, targets = examples(load_classifier(folder), HiddenStates(folder), load_lessons())
    save_file(fit(inputs, targets), target)
    print(f"written to {target}")


if __name__ == "__main__":
    main()
