"""A T5 on CTranslate2 (https://opennmt.net/CTranslate2/guides/transformers.html#t5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import ctranslate2
from tokenizers import Tokenizer

from runners.summarizer.config import SummarizerConfig
from runners.summarizer.summary import Tokens


class T5:
    """The model, its tokenizer and its configuration; needs neither torch nor transformers."""

    def __init__(self, translator: Any, tokenizer: Tokenizer, config: SummarizerConfig) -> None:
        self._translator = translator
        self._tokenizer = tokenizer
        self.config = config
        tokenizer.no_truncation()
        tokenizer.no_padding()

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load a CTranslate2 export with its `tokenizer.json` and `samo.json`."""
        translator = ctranslate2.Translator(
            str(folder), device="cpu", inter_threads=1, intra_threads=threads
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        return cls(translator, tokenizer, SummarizerConfig.read(folder))

    def encode(self, text: str) -> Tokens:
        """Return the tokens of `text` and the end token; `text` includes the prefix."""
        return tuple(self._tokenizer.encode(text).tokens)

    def generate(self, inputs: Sequence[Tokens]) -> list[str]:
        """Return the output for each input, in order; nothing checks that it is faithful."""
        if not inputs:
            return []
        results = self._translator.translate_batch(
            [list(tokens) for tokens in inputs],
            beam_size=self.config.num_beams,
            max_decoding_length=self.config.max_output_tokens,
            no_repeat_ngram_size=self.config.no_repeat_ngram_size,
            length_penalty=self.config.length_penalty,
            disable_unk=True,
            max_input_length=self.config.max_input_tokens,
        )
        return [self._decode(result.hypotheses[0]) for result in results]

    def _decode(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens]
        text: str = self._tokenizer.decode([number for number in ids if number is not None])
        return text.strip()
