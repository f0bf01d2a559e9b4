"""Corpora whose raters assigned groups of labels, and their parts.

BRIGHTER and XED are divided by hash into a part for training, one for calibration and one that is
held out for evaluation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np

from runners.emotion.prediction import NEUTRAL
from samo.insight.groupings import EKMAN
from training.arrays import Array
from training.corpora import BRIGHTER_EMOTIONS, read_brighter, read_edos, read_xed

Part = Literal["train", "calibration", "held"]

# Percentage of the texts that are held out for evaluation, and that are kept for calibration.
HELD_PERCENT: Final = 25
CALIBRATION_PERCENT: Final = 20

# XED's emotions that are also Ekman's.
XED_GROUPS: Final = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
# GoEmotions labels of EDOS' emotions, which are those of EmpatheticDialogues. Its eight intents of
# a reply, such as "questioning", are not emotions and are skipped.
EDOS_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "afraid": ("fear",), "angry": ("anger",), "annoyed": ("annoyance",),
    "anticipating": ("excitement", "optimism", "curiosity"), "anxious": ("nervousness",),
    "apprehensive": ("nervousness", "fear"), "ashamed": ("embarrassment", "remorse"),
    "caring": ("caring", "love"), "confident": ("optimism", "pride", "approval"),
    "content": ("joy", "relief", "approval"), "devastated": ("sadness", "grief"),
    "disappointed": ("disappointment",), "disgusted": ("disgust",),
    "embarrassed": ("embarrassment",), "excited": ("excitement",), "faithful": ("love", "caring"),
    "furious": ("anger",), "grateful": ("gratitude",), "guilty": ("remorse",),
    "hopeful": ("optimism",), "impressed": ("admiration",), "jealous": ("annoyance", "desire"),
    "joyful": ("joy",), "lonely": ("sadness",), "nostalgic": ("sadness", "love"),
    "prepared": ("approval", "optimism"), "proud": ("pride", "admiration"), "sad": ("sadness",),
    "sentimental": ("sadness", "love"), "surprised": ("surprise",), "terrified": ("fear",),
    "trusting": ("approval", "love"), "neutral": (NEUTRAL,),
}  # fmt: skip


@dataclass(frozen=True)
class GroupLabelledTexts:
    """Texts with the groups that raters assigned.

    `present` has shape (texts, groups) and dtype bool. Raters could assign only `groups`; `members`
    are the labels of each group.
    """

    texts: list[str]
    present: Array
    groups: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EKMAN)

    def select(self, indices: Sequence[int]) -> GroupLabelledTexts:
        """Return the texts with these indices."""
        return GroupLabelledTexts(
            [self.texts[index] for index in indices],
            self.present[indices],
            self.groups,
            self.members,
        )


def load_brighter(data: Path, part: Part) -> GroupLabelledTexts:
    """Load a part of BRIGHTER with its five emotions."""
    rows = [row for row in read_brighter(data) if _part(row.text) == part]
    present = [[group in row.emotions for group in BRIGHTER_EMOTIONS] for row in rows]
    return GroupLabelledTexts([row.text for row in rows], np.asarray(present), BRIGHTER_EMOTIONS)


def load_xed(data: Path, part: Part) -> GroupLabelledTexts:
    """Load a part of XED with Ekman's six emotions."""
    rows = [row for row in read_xed(data) if _part(row.text) == part]
    present = [[group in row.emotions for group in XED_GROUPS] for row in rows]
    texts = [_join_punctuation(row.text) for row in rows]
    return GroupLabelledTexts(texts, np.asarray(present), XED_GROUPS)


def load_edos(data: Path) -> GroupLabelledTexts:
    """Load EDOS' lines with an emotion of `EDOS_LABELS`."""
    rows = [row for row in read_edos(data) if row.emotions[0] in EDOS_LABELS]
    present = [[name in row.emotions for name in EDOS_LABELS] for row in rows]
    return GroupLabelledTexts(
        [row.text for row in rows], np.asarray(present), tuple(EDOS_LABELS), EDOS_LABELS
    )


def _part(text: str) -> Part:
    percent = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100
    if percent < HELD_PERCENT:
        return "held"
    return "calibration" if percent < HELD_PERCENT + CALIBRATION_PERCENT else "train"


def _join_punctuation(text: str) -> str:
    """Remove spaces before punctuation and in contractions, and the dash of a new speaker."""
    text = re.sub(r"^[-*\s]+", "", text)
    text = re.sub(r"\s+([.,!?;:]|n't\b|'\w)", r"\1", text)
    return re.sub(r"\[PERSON\]", "[NAME]", text)
