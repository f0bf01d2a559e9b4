"""Whisper's tokens as bytes, and with their scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from runners.transcriber.transcript import TokenScore


class ScoredTokens(list[int]):
    """A list of token ids that carries the scores of its text tokens."""

    def __init__(self, tokens: Iterable[int], scores: tuple[TokenScore, ...]) -> None:
        super().__init__(tokens)
        self.scores = scores


def _byte_alphabet() -> dict[str, int]:
    """Return the byte for each character of GPT-2's byte-level BPE vocabulary.

    A printable byte is written as the character with the same code. The other bytes are written
    as the characters from code point 256 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(256 + index): byte for index, byte in enumerate(others)}


_BYTES: Final = _byte_alphabet()


def token_bytes(token: str) -> bytes:
    """Bytes of a token of the vocabulary: "Ġjoy" is b" joy"."""
    return bytes(_BYTES[character] for character in token)
