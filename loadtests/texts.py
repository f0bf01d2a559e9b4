"""What the load tests send: real sentences, in a fixed order."""

from __future__ import annotations

import random
from pathlib import Path

from loadtests.processes import ROOT

GOEMOTIONS = ROOT.parent / "shared" / "data" / "goemotions" / "test.tsv"
OWN = Path(__file__).parent / "texts.txt"
RECORDING = ROOT / "tests" / "data" / "entry.flac"
SPEECH = ROOT.parent / "shared" / "data" / "speech"


def sentences(count: int, source: Path = GOEMOTIONS) -> list[str]:
    """Return `count` texts: comments of GoEmotions' test split, else journal sentences of ours.

    Only ASCII texts, so that tokens do not depend on how a server spells emoji. The order is
    shuffled once and the same in every run; a source with fewer texts is repeated.
    """
    if source.is_file():
        lines = [line.split("\t")[0] for line in source.read_text(encoding="utf-8").splitlines()]
    else:
        lines = OWN.read_text(encoding="utf-8").splitlines()
    texts = [line for line in lines if line.isascii() and line.strip()]
    random.Random(0).shuffle(texts)  # noqa: S311  # an order, not a secret
    return (texts * (count // len(texts) + 1))[:count]


def recording() -> Path:
    """Half a minute of speech where the shared recordings are, else the committed entry."""
    longer = sorted(SPEECH.glob("azure/en_*.wav")) if SPEECH.is_dir() else []
    return max(longer, key=lambda path: path.stat().st_size, default=RECORDING)
