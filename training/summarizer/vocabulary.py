"""A T5 tokenizer learned from the project's own texts, saved as a hub checkpoint holds it.

    python -m training.summarizer.vocabulary --data PATH --output PATH

A unigram model (Kudo, 2018) of 4,000 pieces: small, because the embedding of a rare piece is
never learned from so few texts, and every piece fewer makes a small model smaller.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import sentencepiece
from transformers import T5TokenizerFast

from training.summarizer.examples import PREFIX, Corpora
from training.summarizer.sentences import NAMES

# Seen or not, these can be written: accents of names, typographic signs, currencies.
REQUIRED_CHARACTERS = (
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœšžÀÁÂÄÅÆÇÈÉÊËÍÎÑÓÔÖØÙÚÛÜŠŽ'\"’‘“”–—…€£°@#*/+=_[]~%$&<>|^`{}\\"
)


def learn_vocabulary(texts: list[str], output: Path, size: int = 4000) -> Path:
    """Learn a unigram vocabulary and write it in hub layout.

    Args:
        texts: one sentence each.
        output: a folder; gets `spiece.model`, `tokenizer.json`, `tokenizer_config.json` and
            `special_tokens_map.json`.
        size: pieces, `<pad>` (0), `</s>` (1) and `<unk>` (2) included.

    Raises:
        RuntimeError: the texts are too few for so many pieces.

    """
    output.mkdir(parents=True, exist_ok=True)
    # SentencePiece appends ".model" and ".vocab" to the prefix.
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts, *(text.lower() for text in texts[::4]), PREFIX, *NAMES]),
        model_prefix=str(output / "spiece"),
        vocab_size=size,
        model_type="unigram",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        pad_piece="<pad>",
        character_coverage=1.0,
        required_chars=REQUIRED_CHARACTERS,
        normalization_rule_name="nmt_nfkc",
        num_threads=1,
        minloglevel=1,
    )
    (output / "spiece.vocab").unlink()
    # Unless told so, the conversion drops SentencePiece's space before the first word.
    tokenizer = T5TokenizerFast(
        vocab_file=str(output / "spiece.model"), extra_ids=0, add_prefix_space=True
    )
    # Now that tokenizer.json has it, the flag would only have every reader convert anew.
    tokenizer.init_kwargs.pop("add_prefix_space")
    tokenizer.save_pretrained(output)
    return output


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.summarizer.vocabulary",
        description="Learn the summarizer's vocabulary and write it as a T5 tokenizer.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", required=True, type=Path, help="folder with goemotions/, text/")
    parser.add_argument("--output", required=True, type=Path, help="folder of the tokenizer")
    parser.add_argument("--size", type=int, default=4000, help="pieces")
    arguments = parser.parse_args()
    folder = learn_vocabulary(Corpora.load(arguments.data).texts, arguments.output, arguments.size)
    pieces = len(
        json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    )
    print(f"{pieces} pieces written to {folder}")


if __name__ == "__main__":
    main()
