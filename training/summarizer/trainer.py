"""Train a T5 to rewrite spoken or hastily typed sentences cleanly.

    python -m training.summarizer.trainer --data ../shared/data --output runs/mine

Without `--model-name` a small T5 (Raffel et al., 2020) starts from initial weights that copy; with
it, any T5 checkpoint is fine-tuned. The same command resumes an interrupted run from its last
checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    EvalPrediction,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from training.command_line import DATA_HELP, command_parser
from training.hardware import DEVICE_HELP, DEVICES, choose_device, supports_bf16
from training.summarizer.examples import BLOCK, Corpora, Curriculum, Example, dev_examples
from training.summarizer.metrics import is_clean
from training.summarizer.network import (
    MAX_INPUT_TOKENS,
    MAX_OUTPUT_TOKENS,
    fresh_t5,
    save_in_hub_layout,
)
from training.summarizer.vocabulary import learn_vocabulary

# oneDNN compiles its kernels for each new shape. Multiples of 16 mean few shapes.
PAD_TO_MULTIPLE_OF: Final = 16
# Label of the positions that the loss ignores.
IGNORED: Final = -100


class _Encoded(torch.utils.data.Dataset[dict[str, list[int]]]):
    """Examples as token ids, which are encoded on access."""

    def __init__(self, examples: Curriculum | Sequence[Example], tokenizer: Any) -> None:
        self._examples = examples
        self._tokenizer = tokenizer

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        example = self._examples[index]
        encoded: dict[str, list[int]] = self._tokenizer(
            example.source,
            text_target=example.target,
            truncation=True,
            max_length=MAX_INPUT_TOKENS,
        )
        encoded["labels"] = encoded["labels"][:MAX_OUTPUT_TOKENS]
        return encoded


class _InOrder(torch.utils.data.Sampler[int]):
    """The indices in ascending order."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._length))

    def __len__(self) -> int:
        return self._length


class _InOrderTrainer(Seq2SeqTrainer):
    """A trainer that does not shuffle the examples: the curriculum defines their order."""

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        return _InOrder(len(self.train_dataset if train_dataset is None else train_dataset))


class _DevMetrics:
    """Shares of dev examples that are reproduced exactly, and that are clean sentences."""

    def __init__(self, examples: Sequence[Example], tokenizer: Any) -> None:
        self._examples = examples
        self._tokenizer = tokenizer

    def __call__(self, prediction: EvalPrediction) -> dict[str, float]:
        ids = np.where(prediction.predictions == IGNORED, 0, prediction.predictions)
        outputs = self._tokenizer.batch_decode(ids, skip_special_tokens=True)
        pairs = list(zip(outputs, self._examples, strict=True))
        return {
            "exact": sum(output == example.target for output, example in pairs) / len(pairs),
            "clean": sum(map(is_clean, outputs)) / len(pairs),
        }


@dataclass(frozen=True)
class SummarizerTrainer:
    """Train a T5 on the examples of `training.summarizer.examples`.

    Args:
        data: a folder with `goemotions/` and `text/`.
        output: folder for the checkpoints of the run and its result, `model/` in hub layout.
        model_name: a T5 checkpoint to fine-tune, local folder or hub id. None starts from initial
            weights, with the part of the curriculum that copies random words.
        steps: number of batches of 32 examples.
        learning_rate: peak rate of AdamW after the warm-up, then decayed by a cosine to 1/20.
        warmup_steps: steps until the peak rate.
        word_share: share of the steps for copying random words; 0 with `model_name`.
        width: size of a token's vector, without `model_name`.
        encoder_layers: number of encoder layers, without `model_name`.
        decoder_layers: number of decoder layers, without `model_name`.
        save_steps: steps between checkpoints.
        eval_steps: steps between evaluations on the dev examples.
        seed: seed of initialization and examples.
        device: "auto", "cpu" or "cuda".

    """

    data: Path
    output: Path
    model_name: str | None = None
    steps: int = 6000
    learning_rate: float = 8e-4
    warmup_steps: int = 300
    word_share: float = Curriculum.word_share
    width: int = 256
    encoder_layers: int = 3
    decoder_layers: int = 3
    save_steps: int = 250
    eval_steps: int = 1000
    seed: int = 0
    device: str = "auto"

    def train(self) -> Path:
        """Train, or resume from the last checkpoint in `output`; return the folder `model/`."""
        set_seed(self.seed)
        corpora = Corpora.load(self.data)
        tokenizer, model = self._initial_model(corpora)
        word_share = self.word_share if self.model_name is None else 0.0
        curriculum = Curriculum(corpora, self.steps, self.seed, word_share)
        dev = dev_examples(self.data)
        trainer = _InOrderTrainer(
            model=model,
            args=self._arguments(),
            train_dataset=_Encoded(curriculum, tokenizer),
            eval_dataset=_Encoded(dev, tokenizer),
            data_collator=DataCollatorForSeq2Seq(
                tokenizer, model=model, pad_to_multiple_of=PAD_TO_MULTIPLE_OF
            ),
            compute_metrics=_DevMetrics(dev, tokenizer),
        )
        checkpoint = get_last_checkpoint(str(self.output)) if self.output.is_dir() else None
        trainer.train(resume_from_checkpoint=checkpoint)
        return save_in_hub_layout(trainer.model, tokenizer, self.output / "model")

    def _initial_model(self, corpora: Corpora) -> tuple[Any, Any]:
        if self.model_name is not None:
            return (
                AutoTokenizer.from_pretrained(self.model_name),
                AutoModelForSeq2SeqLM.from_pretrained(self.model_name),
            )
        folder = self.output / "tokenizer"
        if not (folder / "tokenizer.json").exists():
            learn_vocabulary(corpora.texts, folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        layers = (self.encoder_layers, self.decoder_layers)
        return tokenizer, fresh_t5(len(tokenizer), self.width, layers)

    def _arguments(self) -> Seq2SeqTrainingArguments:
        device = choose_device(self.device)
        return Seq2SeqTrainingArguments(
            output_dir=str(self.output),
            max_steps=self.steps,
            learning_rate=self.learning_rate,
            weight_decay=0.01,
            adam_beta2=0.98,
            max_grad_norm=1.0,
            warmup_steps=self.warmup_steps,
            lr_scheduler_type="cosine_with_min_lr",
            lr_scheduler_kwargs={"min_lr_rate": 0.05},
            per_device_train_batch_size=BLOCK,
            per_device_eval_batch_size=BLOCK,
            eval_strategy="steps",
            eval_steps=self.eval_steps,
            predict_with_generate=True,
            generation_max_length=MAX_OUTPUT_TOKENS,
            generation_num_beams=1,
            save_steps=self.save_steps,
            save_total_limit=1,
            logging_steps=50,
            bf16=supports_bf16(device),
            use_cpu=device.type == "cpu",
            dataloader_pin_memory=False,
            report_to="none",
            seed=self.seed,
        )


_HELP: Final[dict[str, str]] = {
    "steps": "number of batches of 32 examples",
    "warmup_steps": "steps until the peak learning rate",
    "width": "size of a token's vector, without --model-name",
    "encoder_layers": "number of encoder layers, without --model-name",
    "decoder_layers": "number of decoder layers, without --model-name",
    "save_steps": "steps between checkpoints",
    "eval_steps": "steps between evaluations",
    "seed": "seed of all random choices",
    "learning_rate": "peak learning rate",
    "word_share": "share of the steps for copying random words, without --model-name",
}


def main() -> None:
    """Run the command line: one option per field of `SummarizerTrainer`."""
    parser = command_parser(
        "training.summarizer.trainer",
        "Train a T5 to rewrite sentences cleanly. The same command resumes an interrupted run.",
    )
    parser.add_argument("--data", required=True, type=Path, help=DATA_HELP)
    parser.add_argument("--output", required=True, type=Path, help="folder of the run")
    parser.add_argument("--model-name", help="T5 to fine-tune: local folder or hub id")
    parser.add_argument("--device", default="auto", choices=DEVICES, help=DEVICE_HELP)
    for name, text in _HELP.items():
        default = getattr(SummarizerTrainer, name)
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=type(default), default=default, help=text)
    model = SummarizerTrainer(**vars(parser.parse_args())).train()
    print(f"model written to {model}")


if __name__ == "__main__":
    main()
