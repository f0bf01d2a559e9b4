"""One retraining from end to end, on texts whose labels are known.

    python -m training.retraining.evaluate --data ../shared/data

Subtitle lines of XED stand for the feedback of users who write about something new: their raters
assigned six emotions, and no version of the model was trained on the part that is used here.

1. 2,000 lines are replayed through the service's monitor of drift, until it raises an alarm.
2. The same lines with shuffled labels are given to `samo retrain`: it must refuse them.
3. The lines with their true labels are given to `samo retrain`: it must promote a candidate.
4. The candidate and its parent classify other lines of XED, which no retraining has seen.
5. `samo models rollback` must bring the parent back.

All of this happens in a model store of hard links. Fails if a step does not do what it must; the
last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from exporting.store import ROOT
from runners.emotion.calibration import EmotionCalibration
from samo import model_store
from samo.drift.creation import REFERENCE_FILE, ObservedModel
from samo.drift.records import read_reference
from samo.insight.entry import split_text
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser, print_json
from training.drift.outputs import ObservedText
from training.drift.replay import monitor_factory, replay
from training.emotion.group_corpora import GroupLabelledTexts, load_xed
from training.retraining.encoder import Encoder
from training.retraining.gate import BOUNDS, paired_bootstrap
from training.retraining.guards import ServedModel
from training.retraining.head import Head
from training.retraining.near_duplicates import TextIndex
from training.retraining.retrain import MODEL, decide_outputs

FEEDBACK_LINES: Final = 2000
TEST_LINES: Final = 1000
THREADS: Final = 2


class Lines:
    """Lines of XED that no version of the model was trained on: feedback, and a test of it."""

    def __init__(self, data: Path) -> None:
        corpus = load_xed(data, "held")
        index, kept = TextIndex(), []
        for row in np.random.default_rng(0).permutation(len(corpus.texts)):
            text = corpus.texts[row]
            if len(split_text(text).sentences) == 1 and index.find(text) is None:
                index.add(text)
                kept.append(int(row))
        self.feedback = corpus.select(kept[:FEEDBACK_LINES])
        self.test = corpus.select(kept[FEEDBACK_LINES : FEEDBACK_LINES + TEST_LINES])


def write_feedback(lines: GroupLabelledTexts, present: Array, path: Path) -> None:
    """Write lines as `samo retrain` reads them; the raters judged six emotions only."""
    with path.open("w", encoding="utf-8") as file:
        for text, row in zip(lines.texts, present, strict=True):
            names = [name for name, applies in zip(lines.groups, row, strict=True) if applies]
            line = {
                "text": text, "labels": names, "labelled": list(lines.groups), "source": "XED"
            }  # fmt: skip
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


@contextmanager
def store_of_links() -> Iterator[Path]:
    """A model store with the version that serves, as hard links where that is possible."""
    source = Path(model_store.find_model(MODEL).path)
    home = source.parents[2]
    # on the same file system, or links would not be possible
    with tempfile.TemporaryDirectory(prefix="samo-eval-retrain-", dir=home) as scratch:
        versions = Path(scratch) / "models" / MODEL
        shutil.copytree(source, versions / source.name, copy_function=_link)
        (versions / "latest").write_text(source.name, encoding="utf-8")
        yield Path(scratch)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Store:
    """The commands of `samo`, with a model store of their own."""

    def __init__(self, home: Path, data: Path) -> None:
        self._home = home
        self._data = data

    def retrain(self, feedback: Path) -> dict[str, Any]:
        """Run `samo retrain`; return its last line, with its exit status as `status`.

        Lines such as "Thank you." are in GoEmotions, too, and are left out.
        """
        options = ["--data", str(self._data), "--threads", str(THREADS), "--drop-leaks"]
        status, output = self._samo("retrain", str(feedback), *options)
        return {**json.loads(output.splitlines()[-1] if output else "{}"), "status": status}

    def roll_back(self) -> str:
        """Run `samo models rollback`; return the tag that serves then."""
        return self._samo("models", "rollback")[1].strip()

    def served(self) -> Path:
        """The folder of the version that serves."""
        _, output = self._samo("models", "list", "--json")
        (tag,) = (one["tag"] for one in json.loads(output) if one["serves"])
        return self._home / "models" / MODEL / str(tag).rpartition(":")[2]

    def _samo(self, *arguments: str) -> tuple[int, str]:
        finished = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "samo", *arguments],
            cwd=ROOT,
            env={**os.environ, "BENTOML_HOME": str(self._home)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return finished.returncode, finished.stdout


def load_model(folder: Path) -> ServedModel:
    """The head and calibration of a stored version."""
    return ServedModel(Head.load(folder), EmotionCalibration.load(folder / "calibration.json"))


def passages(texts: Sequence[str]) -> list[str]:
    """The only passage of each text."""
    return [split_text(text).texts[0] for text in texts]


def drift_alarm(folder: Path, encoder: Encoder, lines: GroupLabelledTexts) -> int | None:
    """Number of lines until the monitor of drift raises an alarm; None if it does not."""
    served = load_model(folder)
    texts = passages(lines.texts)
    rows = served.probabilities(encoder.public_vectors(texts))
    reference = read_reference(folder / REFERENCE_FILE, served.calibration)
    model = ObservedModel(served.calibration, encoder.vocabulary, reference.model, None)
    with tempfile.TemporaryDirectory() as scratch:
        create = monitor_factory(reference, model, Path(scratch))
        observed = [ObservedText([text], [row]) for text, row in zip(texts, rows, strict=True)]
        return replay(create, observed).first_alarm()


def compare(parent: Path, candidate: Path, encoder: Encoder, lines: GroupLabelledTexts) -> Any:
    """Macro-F1 of the six emotions on lines that no retraining has seen, and its interval."""
    pooled = encoder.public_vectors(passages(lines.texts))
    before, after = (load_model(folder) for folder in (parent, candidate))
    columns = [before.calibration.labels.index(name) for name in lines.groups]
    return paired_bootstrap(
        lines.present.astype(float),
        decide_outputs(before, pooled)[:, columns],
        decide_outputs(after, pooled)[:, columns],
    )


def evaluate(data: Path) -> dict[str, Any]:
    """Run all steps; return the figures."""
    start = time.perf_counter()
    lines = Lines(data)
    with store_of_links() as home, tempfile.TemporaryDirectory() as scratch:
        store = Store(home, data)
        parent = store.served()
        encoder = Encoder(parent, THREADS)
        alarm = drift_alarm(parent, encoder, lines.feedback)
        poisoned, feedback = Path(scratch) / "poisoned.jsonl", Path(scratch) / "feedback.jsonl"
        shuffled = np.random.default_rng(0).permutation(lines.feedback.present)
        write_feedback(lines.feedback, shuffled, poisoned)
        write_feedback(lines.feedback, lines.feedback.present, feedback)
        refused = store.retrain(poisoned)
        poisoned_refused = refused["status"] == 1 and store.served() == parent
        result = store.retrain(feedback)
        gain = compare(parent, store.served(), encoder, lines.test)
        goemotions = result.get("figures", {}).get("GoEmotions macro-F1", {})
        return {
            "domain": f"XED, {len(lines.feedback.texts)} lines",
            "drift_alarm_after": alarm,
            "before": gain.before,
            "after": gain.after,
            "interval": [gain.low, gain.high],
            "goemotions_before": goemotions.get("before"),
            "goemotions_after": goemotions.get("after"),
            "goemotions_loss": goemotions.get("before", 0.0) - goemotions.get("after", 1.0),
            "promoted": result.get("promoted"),
            "reasons": result.get("reasons"),
            "poisoned_refused": poisoned_refused,
            "poisoned_reasons": [one.partition(":")[0] for one in refused.get("reasons", ())],
            "rolled_back": store.roll_back() == f"{MODEL}:{parent.name}",
            "seconds": round(time.perf_counter() - start, 1),
        }


def passes(figures: dict[str, Any]) -> bool:
    """Whether every step did what it must."""
    return bool(
        figures["drift_alarm_after"] is not None
        and figures["promoted"]
        and figures["interval"][0] > 0
        and figures["goemotions_loss"] <= BOUNDS["GoEmotions macro-F1"]
        and figures["poisoned_refused"]
        and figures["rolled_back"]
    )


def main() -> int:
    """Run the command line."""
    parser = command_parser("training.retraining.evaluate", (__doc__ or "").splitlines()[0])
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    args = parser.parse_args()
    figures = evaluate(args.data)
    print_json(figures)
    return 0 if passes(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
