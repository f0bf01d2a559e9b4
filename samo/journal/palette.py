"""The colour of each emotion and mood: the hues of the page (samo/page/static/hues.js)."""

from __future__ import annotations

from typing import Final

HUES: Final = {
    "admiration": 115, "amusement": 72, "approval": 140, "caring": 158, "desire": 355,
    "excitement": 62, "gratitude": 132, "joy": 85, "love": 8, "optimism": 102, "pride": 50,
    "relief": 168, "anger": 28, "annoyance": 40, "disapproval": 20, "disgust": 122,
    "disappointment": 238, "embarrassment": 325, "grief": 272, "remorse": 288, "sadness": 252,
    "fear": 302, "nervousness": 314, "confusion": 192, "curiosity": 212, "realization": 180,
    "surprise": 200,
    "anxious": 305, "calm": 190, "content": 152, "excited": 62, "frustrated": 35, "grateful": 132,
    "happy": 85, "hopeful": 108, "overwhelmed": 335, "proud": 50, "sad": 252, "tired": 275,
    "positive": 140, "negative": 28, "ambiguous": 200,
}  # fmt: skip
FAINT: Final = frozenset({"disgust", "tired", "disapproval"})


def tint(name: str) -> str:
    """CSS variables of a name's colour, for the class `tint`; grey for neutral."""
    if name not in HUES:
        return "--hue:80;--chroma:.012"
    return f"--hue:{HUES[name]};--chroma:{'.07' if name in FAINT else '.14'}"
