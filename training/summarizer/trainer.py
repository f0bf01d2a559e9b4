"""Train a T5 to write down cleanly what was spoken or typed in a hurry.

    python -m training.summarizer.trainer --data PATH --output PATH

Without `--model-name` a small T5 (Raffel et al., 2020) starts from nothing; with it, any T5
checkpoint is fine-tuned. A run that was stopped goes on from its last checkpoint when the same
command is given again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    EvalPrediction,
    GenerationConfig,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    T5Config,
    T5ForConditionalGeneration,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from training.hardware import bf16_is_fast
from training.summarizer.copy_init import prefer_copying
from training.summarizer.examples import (
    BLOCK,
    PREFIX,
    Corpora,
    Curriculum,
    Example,
    held_out_lessons,
)
from training.summarizer.metrics import is_clean
from training.summarizer.vocabulary import learn_vocabulary

# Every new shape costs oneDNN a compilation; multiples of 16 keep the shapes few.
PAD_TO_MULTIPLE_OF = 16
MAX_INPUT_TOKENS = 192
MAX_OUTPUT_TOKENS = 160
IGNORED = -100


class _Encoded(torch.utils.data.Dataset[dict[str, list[int]]]):
    """Examples as token ids, encoded when they are asked for."""

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
    """Indices as they come: the curriculum has an order of its own."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._length))

    def __len__(self) -> int:
        return self._length


class _InOrderTrainer(Seq2SeqTrainer):
    """`Seq2SeqTrainer` that takes the training examples in their order."""

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        return _InOrder(len(self.train_dataset if train_dataset is None else train_dataset))


def fresh_t5(vocabulary_size: int, width: int, layers: tuple[int, int]) -> Any:
    """Make an untrained T5 v1.0 that can copy, without dropout, its embeddings tied.

    Args:
        vocabulary_size: pieces of the tokenizer; rounded up to a multiple of 64.
        width: size of a token's vector; heads of 64.
        layers: of the encoder and of the decoder.

    """
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=-(-vocabulary_size // 64) * 64,
            d_model=width,
            d_kv=64,
            d_ff=2 * width,
            num_layers=layers[0],
            num_decoder_layers=layers[1],
            num_heads=width // 64,
            feed_forward_proj="relu",
            dropout_rate=0.0,
            decoder_start_token_id=0,
            pad_token_id=0,
            eos_token_id=1,
            tie_word_embeddings=True,
        )
    )
    prefer_copying(model)
    return model


@dataclass(frozen=True)
class SummarizerTrainer:
    """Teach a T5 the lessons of `training.summarizer.examples`.

    Args:
        data: a folder with `goemotions/` (train.tsv, dev.tsv, labels.txt) and `text/`.
        output: where the run's checkpoints and, at its end, `model/` in hub layout are written.
        model_name: a T5 checkpoint to fine-tune, local folder or hub id; None starts from nothing
            with the whole curriculum, a checkpoint copies no words without sense.
        steps: batches of 32 examples.
        learning_rate: peak rate of AdamW, after the warm-up, then a cosine to a twentieth.
        warmup_steps: steps until the peak rate.
        word_share: part of the steps spent on copying words; none for a checkpoint.
        width: size of a token's vector, when it starts from nothing.
        encoder_layers: likewise.
        decoder_layers: likewise.
        save_steps: steps between checkpoints of the run.
        eval_steps: steps between looks at dev.
        seed: of initialisation and lessons.

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

    def train(self) -> Path:
        """Train, or go on from the last checkpoint in `output`; return the model's folder."""
        set_seed(self.seed)
        corpora = Corpora.load(self.data)
        tokenizer, model = self._start(corpora)
        word_share = self.word_share if self.model_name is None else 0.0
        lessons = Curriculum(corpora, self.steps, self.seed, word_share)
        dev = held_out_lessons(self.data)
        trainer = _InOrderTrainer(
            model=model,
            args=self._arguments(),
            train_dataset=_Encoded(lessons, tokenizer),
            eval_dataset=_Encoded(dev, tokenizer),
            data_collator=DataCollatorForSeq2Seq(
                tokenizer, model=model, pad_to_multiple_of=PAD_TO_MULTIPLE_OF
            ),
            compute_metrics=_DevMetrics(dev, tokenizer),
        )
        last = get_last_checkpoint(str(self.output)) if self.output.is_dir() else None
        trainer.train(resume_from_checkpoint=last)
        return save_in_hub_layout(trainer.model, tokenizer, self.output / "model")

    def _start(self, corpora: Corpora) -> tuple[Any, Any]:
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
            bf16=bf16_is_fast(),
            use_cpu=not torch.cuda.is_available(),
            dataloader_pin_memory=False,
            report_to="none",
            seed=self.seed,
        )


class _DevMetrics:
    """Share of lessons of dev that are written to the letter, and cleanly; greedily decoded."""

    def __init__(self, lessons: Sequence[Example], tokenizer: Any) -> None:
        self._lessons = lessons
        self._tokenizer = tokenizer

    def __call__(self, prediction: EvalPrediction) -> dict[str, float]:
        ids = np.where(prediction.predictions == IGNORED, 0, prediction.predictions)
        outputs = self._tokenizer.batch_decode(ids, skip_special_tokens=True)
        pairs = list(zip(outputs, self._lessons, strict=True))
        return {
            "exact": sum(output == lesson.target for output, lesson in pairs) / len(pairs),
            "clean": sum(map(is_clean, outputs)) / len(pairs),
        }


def save_in_hub_layout(model: Any, tokenizer: Any, folder: Path) -> Path:
    """Write weights in float16 with all that a reader needs to know about the task.

    `task_specific_params` of config.json is where hub checkpoints of T5 keep their prefix.
    """
    model.config.task_specific_params = {
        "summarization": {
            "prefix": PREFIX,
            "reads": "sentences",
            "max_input_tokens": MAX_INPUT_TOKENS,
            "max_length": MAX_OUTPUT_TOKENS,
            "num_beams": 1,
        }
    }
    model.generation_config = GenerationConfig.from_model_config(model.config)
    model.generation_config.max_length = MAX_OUTPUT_TOKENS
    model.generation_config.num_beams = 1
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def main() -> None:
    """Run the command line: one flag for each field of `SummarizerTrainer`."""
    parser = argparse.ArgumentParser(
        prog="python -m training.summarizer.trainer",
        description="Train a T5 to write sentences cleanly. The same command resumes a run.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", required=True, type=Path, help="folder with goemotions/, text/")
    parser.add_argument("--output", required=True, type=Path, help="folder of the run")
    parser.add_argument("--model-name", help="T5 to fine-tune: local folder or hub id")
    for name in (
        "steps", "warmup_steps", "width", "encoder_layers", "decoder_layers", "save_steps",
        "eval_steps", "seed",
    ):  # fmt: skip
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=int, default=getattr(SummarizerTrainer, name)
        )
    for name in ("learning_rate", "word_share"):
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=float, default=getattr(SummarizerTrainer, name)
        )
    print(f"model written to {SummarizerTrainer(**vars(parser.parse_args())).train()}")


if __name__ == "__main__":
    main()
