"""DialogSum's dev dialogues.

Dialogues are not journals, and their summaries rephrase, which extracted sentences cannot match.
The figures are for the comparison with other extractive methods. Nothing is fitted on them, and
only the odd dialogues are evaluated: the even ones may be looked at.
"""

from __future__ import annotations

from pathlib import Path

from training.corpora import Dialogue, read_dialogsum


def load_dialogues(data: Path) -> list[Dialogue]:
    """Load the odd dialogues of DialogSum's dev split."""
    return read_dialogsum(data)[1::2]
