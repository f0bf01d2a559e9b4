"""Inputs of the load tests: real sentences in a fixed order, and a recording."""

from __future__ import annotations

import random
from pathlib import Path

from loadtests.processes import ROOT
from runners.text.emoticons import may_contain_symbols

GOEMOTIONS = ROOT.parent / "shared" / "data" / "goemotions" / "test.tsv"
BUILT_IN_TEXTS = Path(__file__).parent / "texts.txt"
RECORDING = ROOT / "tests" / "data" / "entry.flac"
SPEECH = ROOT.parent / "shared" / "data" / "speech"


def sentences(count: int, source: Path = GOEMOTIONS) -> list[str]:
    """Return `count` texts: comments of GoEmotions' test split, or `texts.txt` if it is missing.

    All are ASCII without emoticons, because other servers do not replace emoji and emoticons by
    words. The order is random but the same in every run; a source with fewer texts is repeated.
    """
    if source.is_file():
        lines = [line.split("\t")[0] for line in source.read_text(encoding="utf-8").splitlines()]
    else:
        lines = BUILT_IN_TEXTS.read_text(encoding="utf-8").splitlines()
    texts = [
        line for line in lines if line.isascii() and line.strip() and not may_contain_symbols(line)
    ]
    random.Random(0).shuffle(texts)  # noqa: S311  # an order, not a secret
    return (texts * (count // len(texts) + 1))[:count]


def recording() -> Path:
    """Return 30 s of speech if the shared recordings exist, and the committed entry if not."""
    longer = sorted(SPEECH.glob("azure/en_*.wav")) if SPEECH.is_dir() else []
    return max(longer, key=lambda path: path.stat().st_size, default=RECORDING)
