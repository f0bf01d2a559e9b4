"""Measure how often drift raises a false alarm, and how soon it notices a change.

    python -m training.drift.evaluate --data FOLDER [--plot FILE]

Replays texts and recordings through the service's monitor; the classifier's outputs are computed
once and kept in runs/drift. The last line of output is JSON.

False alarms are counted over replays in which nothing changes, each in another order:

- `false_alarms`: of GoEmotions dev, from which the reference is made,
- `false_alarms_held_out`: of one half of it, with a reference from the other half,
- `false_alarms_own`: of first-person situations, with a window of them as the reference,
- `false_alarms_recordings`: of recordings of read speech.

`detected_after` is the largest number of texts or recordings of a kind until an alarm, over orders
in which a full window without a change comes first; null if an order has none within a window.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from samo.drift.creation import ObservedModel
from samo.drift.reference import Reference
from samo.insight.entry import split_entry, split_text
from samo.settings import Settings
from training.command_line import DATA_HELP, command_parser, print_json
from training.drift import traffic
from training.drift.outputs import Classifier, ObservedText
from training.drift.plot import draw
from training.drift.reference import recordings_reference, texts_reference
from training.drift.replay import MonitorFactory, Observation, Replay, monitor_factory, replay

ORDERS: Final = 20
MAX_FALSE_ALARMS: Final = 1
# Texts of a kind; each order has a sample of them.
TEXTS_PER_KIND: Final = 600
RECORDINGS_BEFORE: Final = 50
_OWN_WINDOW: Final = 1000


@dataclass(frozen=True, slots=True)
class Detection:
    """How soon a kind raises an alarm.

    Attributes:
        worst: the largest number of observations over the orders; None if an order has no alarm.
        typical: the median of those with an alarm; None if there is none.
        features: how many orders have an alarm of each feature at the first alarm.
        example: the replay of the first order.

    """

    worst: int | None
    typical: float | None
    features: Counter[str]
    example: Replay


def detect(
    create: MonitorFactory, before: Sequence[Observation], kind: Sequence[Observation], number: int
) -> Detection:
    """Replay `number` observations without a change, then as many of a kind, in random orders."""
    firsts: list[int | None] = []
    features: Counter[str] = Counter()
    examples = []
    for seed in range(ORDERS):
        random = np.random.default_rng(seed)
        result = replay(create, [*sample(before, number, random), *sample(kind, number, random)])
        firsts.append(result.first_alarm(after=number))
        features.update(next((one.alarms for one in result.comparisons if one.alarms), ()))
        examples.append(result)
    found = [one for one in firsts if one is not None]
    return Detection(
        max(found) if len(found) == ORDERS else None,
        median(found) if found else None,
        features,
        examples[0],
    )


def sample(
    observations: Sequence[Observation], number: int, random: np.random.Generator
) -> list[Observation]:
    """So many observations in random order; each once, if there are enough."""
    replace = len(observations) < number
    chosen = random.choice(len(observations), number, replace=replace)
    return [observations[i] for i in chosen]


def false_alarms(replays: Sequence[Replay]) -> int:
    """Number of replays with an alarm."""
    return sum(one.first_alarm() is not None for one in replays)


def shuffled(observations: Sequence[Observation], seed: int) -> list[Observation]:
    """All observations in random order."""
    order = np.random.default_rng(seed).permutation(len(observations))
    return [observations[i] for i in order]


class Evaluation:
    """The replays, with a progress bar over them."""

    def __init__(self, data: Path, scratch: Path) -> None:
        self._data = data
        self._scratch = scratch
        self.classifier = Classifier()
        self.model: ObservedModel = self.classifier.observed_model
        self.dev = self.classifier.observe(traffic.read_dev(data), split_text)
        self.recordings = traffic.read_recordings(data)
        self.levels = [traffic.measure(*recording) for recording in self.recordings]

    def monitors(self, reference: Reference) -> MonitorFactory:
        """Monitors with a reference in a file of its own."""
        folder = Path(tempfile.mkdtemp(dir=self._scratch))
        return monitor_factory(reference, self.model, folder)

    def texts_monitors(self, texts: Sequence[ObservedText]) -> MonitorFactory:
        """Monitors of texts."""
        streams = {"texts": texts_reference(self.model, texts)}
        return self.monitors(Reference(self.model_hashes, "texts", streams))

    def recordings_monitors(self) -> MonitorFactory:
        """Monitors of recordings."""
        streams = {"recordings": recordings_reference(self.model, self.levels)}
        return self.monitors(Reference(self.model_hashes, "recordings", streams))

    @property
    def model_hashes(self) -> dict[str, str]:
        """Of the model's files."""
        return dict(self.model.sha256)

    def held_out(self, seed: int) -> Replay:
        """Replay one half of dev, with a reference from the other."""
        texts = shuffled(self.dev, seed)
        half = len(texts) // 2
        known = [text for text in texts[:half] if isinstance(text, ObservedText)]
        return replay(self.texts_monitors(known), texts[half:])

    def own_traffic(self) -> list[Replay]:
        """Replay first-person situations, with a window of other ones as the reference."""
        name = "first_person_situations"
        texts = self.classifier.observe(traffic.OTHERS[name](self._data), split_text)
        create = self.texts_monitors(self.dev)
        results = []
        for seed in tqdm(range(ORDERS), desc="own traffic", unit="order"):
            order = shuffled(texts, seed)
            reference = replay(create, order[:_OWN_WINDOW]).windows
            assert reference is not None  # noqa: S101  # the window is full
            results.append(replay(self.monitors(reference), order[_OWN_WINDOW:]))
        return results

    def kinds(self) -> dict[str, list[ObservedText]]:
        """The texts of each kind; a kind that cannot be downloaded is left out."""
        kinds = {}
        for name, read in (traffic.CHANGES | traffic.OTHERS).items():
            try:
                texts = read(self._data)
            except OSError as error:
                print(f"{name} is left out: {error}")
                continue
            random = np.random.default_rng(0)
            chosen = random.permutation(len(texts))[:TEXTS_PER_KIND]
            kinds[name] = self.classifier.observe([texts[i] for i in chosen], split_text)
        kinds["diary_entries"] = self.classifier.observe(traffic.diary_entries(), split_entry)
        return kinds


def evaluate(evaluation: Evaluation, plot: Path | None) -> dict[str, Any]:
    """All figures."""
    create = evaluation.texts_monitors(evaluation.dev)
    same = [
        replay(create, shuffled(evaluation.dev, seed))
        for seed in tqdm(range(ORDERS), desc="dev", unit="order")
    ]
    held_out = [
        evaluation.held_out(seed) for seed in tqdm(range(ORDERS), desc="held out", unit="order")
    ]
    own = evaluation.own_traffic()
    window = Settings().drift_window
    detections = {
        kind: detect(create, evaluation.dev, texts, window)
        for kind, texts in tqdm(evaluation.kinds().items(), desc="kinds", unit="kind")
    }
    listen = evaluation.recordings_monitors()
    same_recordings = [replay(listen, shuffled(evaluation.levels, seed)) for seed in range(ORDERS)]
    for name, change in traffic.MICROPHONES.items():
        changed = [traffic.measure(change(audio), lang) for audio, lang in evaluation.recordings]
        detections[name] = detect(listen, evaluation.levels, changed, RECORDINGS_BEFORE)
    settings = Settings()
    if plot is not None:
        examples = {name: detections[name].example for name in detections if name in _DRAWN}
        draw(plot, same, examples, window, settings.drift_significance)
    _print_table(detections)
    return {
        "window": window,
        "recordings_window": settings.drift_recordings_window,
        "orders": ORDERS,
        "tests": sum(len(one.p_values) for result in same for one in result.comparisons),
        "smallest_p_value": min(
            min(one.p_values.values()) for result in same for one in result.comparisons
        ),
        "false_alarms": false_alarms(same),
        "false_alarms_held_out": false_alarms(held_out),
        "false_alarms_own": false_alarms(own),
        "false_alarms_recordings": false_alarms(same_recordings),
        "detected_after": {name: one.worst for name, one in detections.items()},
        "detected_by": {name: list(one.features) for name, one in detections.items()},
    }


def _print_table(detections: Mapping[str, Detection]) -> None:
    table = Table("kind", "all orders after", "median", "features with an alarm, and orders")
    for kind, one in detections.items():
        features = ", ".join(f"{name} {count}" for name, count in one.features.most_common())
        table.add_row(kind, str(one.worst or "-"), f"{one.typical or '-'}", features)
    Console().print(table)


_DRAWN: Final = ("tweets", "german", "capitals", "first_person_situations", "diary_entries")


def main() -> None:
    """The command line."""
    parser = command_parser("training.drift.evaluate", (__doc__ or "").splitlines()[0])
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--plot", type=Path, help="SVG file to write")
    args = parser.parse_args()
    logging.getLogger("bentoml.samo.drift").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        figures = evaluate(Evaluation(args.data, Path(scratch)), args.plot)
    print_json(figures)
    missed = [
        kind
        for kind in (*traffic.CHANGES, *traffic.MICROPHONES)
        if figures["detected_after"].get(kind) is None
    ]
    if figures["false_alarms"] > MAX_FALSE_ALARMS or missed:
        raise SystemExit(f"Too many false alarms, or kinds without an alarm: {missed}.")


if __name__ == "__main__":
    main()
