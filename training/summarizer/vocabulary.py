"""Learn a T5 tokenizer from the training sentences, and save it as in a hub checkpoint.

    python -m training.summarizer.vocabulary --data ../shared/data --output FOLDER

It is a unigram model (Kudo, 2018) of 4,000 pieces. The number is small because the corpora are too
small to train the embeddings of rare pieces, and because it makes the model smaller.
"""

from __future__ import annotations

import json
from pathlib import Path

import sentencepiece
from transformers import T5TokenizerFast

from training.command_line import DATA_HELP, command_parser
from training.summarizer.examples import PREFIX, Corpora
from training.summarizer.sentences import FIRST_NAMES

# Characters that can be written even if the texts lack them: accents, typography, currencies.
REQUIRED_CHARACTERS = (
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœšžÀÁÂÄÅÆÇÈÉÊËÍÎÑÓÔÖØÙÚÛÜŠŽ'\"’‘“”–—…€£°@#*/+=_[]~%$&<>|^`{}\\"
)


def learn_vocabulary(texts: list[str], output: Path, size: int = 4000) -> Path:
    """Learn a unigram vocabulary and write it in hub layout; return `output`.

    Args:
        texts: one sentence each.
        output: a folder for `spiece.model`, `tokenizer.json`, `tokenizer_config.json` and
            `special_tokens_map.json`.
        size: number of pieces, with `<pad>` (0), `</s>` (1) and `<unk>` (2).

    Raises:
        RuntimeError: the texts are too few for `size` pieces.

    """
    output.mkdir(parents=True, exist_ok=True)
    lower_case = [text.lower() for text in texts[::4]]
    # SentencePiece appends ".model" and ".vocab" to the prefix.
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts, *lower_case, PREFIX, *FIRST_NAMES]),
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
    # By default the conversion drops SentencePiece's space before the first word.
    tokenizer = T5TokenizerFast(
        vocab_file=str(output / "spiece.model"), extra_ids=0, add_prefix_space=True
    )
    # tokenizer.json contains the option now; in the configuration it would cause a new conversion.
    tokenizer.init_kwargs.pop("add_prefix_space")
    tokenizer.save_pretrained(output)
    return output


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.summarizer.vocabulary",
        "Learn the summarizer's vocabulary and write it as a T5 tokenizer.",
    )
    parser.add_argument("--data", required=True, type=Path, help=DATA_HELP)
    parser.add_argument("--output", required=True, type=Path, help="folder of the tokenizer")
    parser.add_argument("--size", type=int, default=4000, help="number of pieces")
    args = parser.parse_args()
    folder = learn_vocabulary(Corpora.load(args.data).texts, args.output, args.size)
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    print(f"{len(tokenizer['model']['vocab'])} pieces written to {folder}")


if __name__ == "__main__":
    main()
