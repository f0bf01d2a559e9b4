"""Fine-tune an encoder on GoEmotions by LoRA; what is trained is a small adapter.

    python -m training.emotion.trainer --model-name all-mpnet-base-v2 --dataset PATH --output PATH

A run that was stopped goes on from its last checkpoint when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from sklearn.metrics import f1_score
from transformers import (
    AutoTokenizer,
    DataCollatorWithPadding,
    EvalPrediction,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from samo.emoji import spell_emoji
from samo.weights import resolve
from training.emotion.data import LabelledTexts, load_goemotions, read_lessons
from training.emotion.losses import LOSSES
from training.emotion.model import EmotionClassifier
from training.hardware import bf16_is_fast

# Every new shape costs oneDNN a compilation; multiples of 8 keep the shapes few and pad little.
PAD_TO_MULTIPLE_OF = 8
# Says what an adapter was trained on top of; the steps that read a run need it.
RUN = "run.json"
# Of GoEmotions' training comments 99.9 % are shorter.
MAX_TOKENS = 64


class _Encoded(torch.utils.data.Dataset[dict[str, Any]]):
    """Token ids and labels of a split, in memory."""

    def __init__(self, split: LabelledTexts, tokenizer: Any) -> None:
        texts = [spell_emoji(text)[0] for text in split.texts]
        encoded = tokenizer(texts, truncation=True, max_length=MAX_TOKENS)
        self._rows = [
            {"input_ids": ids, "attention_mask": mask, "labels": labels}
            for ids, mask, labels in zip(
                encoded["input_ids"], encoded["attention_mask"], split.labels, strict=True
            )
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


class _MultiLabelTrainer(Trainer):
    """`Trainer` with a multi-label loss and a faster head."""

    def __init__(self, *args: Any, loss: Any, head_learning_rate: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loss = loss
        self._head_learning_rate = head_learning_rate

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_unused: Any
    ) -> Any:
        targets = inputs.pop("labels")
        outputs = model(**inputs)
        loss = self._loss(outputs.logits.float(), targets.float())
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW; the fresh head and its LayerNorm learn at their own rate, without decay."""
        if getattr(self, "optimizer", None) is None:
            head: list[torch.nn.Parameter] = []
            body: list[torch.nn.Parameter] = []
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    (head if "modules_to_save" in name else body).append(parameter)
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": body, "weight_decay": self.args.weight_decay},
                    {"params": head, "weight_decay": 0.0, "lr": self._head_learning_rate},
                ],
                lr=self.args.learning_rate,
            )
        optimizer: torch.optim.Optimizer = self.optimizer
        return optimizer


def _dev_metrics(prediction: EvalPrediction) -> dict[str, float]:
    probabilities = 1.0 / (1.0 + np.exp(-prediction.predictions))
    by_threshold = {
        threshold: f1_score(
            prediction.label_ids, probabilities >= threshold, average="macro", zero_division=0
        )
        for threshold in np.arange(0.1, 0.6, 0.02)
    }
    best = max(by_threshold, key=lambda threshold: by_threshold[threshold])
    return {"macro_f1": float(by_threshold[best]), "threshold": float(best)}


@dataclass(frozen=True)
class EmotionTrainer:
    """Train a LoRA adapter and a head (Hu et al., 2021) for multi-label emotion recognition.

    Args:
        model_name: an encoder checkpoint, local folder or hub id (`distilroberta-base`).
        dataset: a folder with GoEmotions' train.tsv, dev.tsv and labels.txt.
        lessons: train on these lesson files (`training.emotion.data`) in place of train.tsv.
        adapter: go on from this trained adapter (its rank holds) in place of a fresh one.
        output: where checkpoints of the run and, at its end, `adapter/` are written.
        loss_function: "bce", "focal" or "asymmetric".
        epochs: passes over the training split; a fraction is fine.
        learning_rate: peak rate of the adapter, after 10 % warm-up, then linear decay.
        head_learning_rate: peak rate of the head.
        rank: rank of the adapter's matrices.
        layers: keep so many of the encoder's layers, evenly spaced; None keeps all.
        batch_size: comments a step.
        max_examples: train on the first so many comments only, to try a change out.
        save_steps: steps between checkpoints, from which a stopped run goes on.
        seed: of initialisation, order and dropout.
    """

    model_name: str
    dataset: Path
    output: Path
    lessons: tuple[Path, ...] = ()
    adapter: Path | None = None
    loss_function: str = "bce"
    epochs: float = 3.0
    learning_rate: float = 4e-4
    head_learning_rate: float = 1e-3
    rank: int = 16
    layers: int | None = None
    batch_size: int = 32
    max_examples: int | None = None
    save_steps: int = 200
    seed: int = 0

    def train(self) -> Path:
        """Train, or go on from the last checkpoint in `output`; return the adapter's folder."""
        set_seed(self.seed)
        dev_split = load_goemotions(self.dataset, "dev")
        train_split = (
            read_lessons(self.lessons, dev_split.label_names)
            if self.lessons
            else load_goemotions(self.dataset, "train")
        )
        if self.max_examples is not None:
            train_split = LabelledTexts(
                train_split.texts[: self.max_examples],
                train_split.labels[: self.max_examples],
                train_split.label_names,
            )
        checkpoint = str(resolve(self.model_name))
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        classifier = EmotionClassifier.from_encoder(
            checkpoint, train_split.label_names, layers=self.layers
        )
        trainer = _MultiLabelTrainer(
            model=self._with_adapter(classifier),
            args=TrainingArguments(
                output_dir=str(self.output),
                num_train_epochs=self.epochs,
                learning_rate=self.learning_rate,
                weight_decay=0.01,
                warmup_ratio=0.1,
                lr_scheduler_type="linear",
                max_grad_norm=1.0,
                per_device_train_batch_size=self.batch_size,
                per_device_eval_batch_size=4 * self.batch_size,
                group_by_length=True,
                eval_strategy="epoch",
                save_steps=self.save_steps,
                save_total_limit=1,
                logging_steps=50,
                label_names=["labels"],
                bf16=bf16_is_fast(),
                use_cpu=not torch.cuda.is_available(),
                report_to="none",
                seed=self.seed,
            ),
            train_dataset=_Encoded(train_split, tokenizer),
            eval_dataset=_Encoded(dev_split, tokenizer),
            data_collator=DataCollatorWithPadding(tokenizer, pad_to_multiple_of=PAD_TO_MULTIPLE_OF),
            compute_metrics=_dev_metrics,
            loss=LOSSES[self.loss_function],
            head_learning_rate=self.head_learning_rate,
        )
        last = get_last_checkpoint(str(self.output)) if self.output.is_dir() else None
        trainer.train(resume_from_checkpoint=last)
        folder = self.output / "adapter"
        trainer.model.save_pretrained(folder)
        run = {
            "model_name": self.model_name,
            "layers": self.layers,
            "labels": dev_split.label_names,
        }
        (folder / RUN).write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
        return folder

    def _with_adapter(self, classifier: EmotionClassifier) -> Any:
        if self.adapter is not None:
            model = PeftModel.from_pretrained(classifier, self.adapter, is_trainable=True)
            # or peft asks the hub about the base at every checkpoint
            model.peft_config["default"].base_model_name_or_path = str(resolve(self.model_name))
            return model
        linear = [
            name
            for name, module in classifier.named_modules()
            if name.startswith("encoder.") and isinstance(module, torch.nn.Linear)
        ]
        return get_peft_model(
            classifier,
            LoraConfig(
                r=self.rank,
                lora_alpha=2 * self.rank,
                target_modules=linear,
                modules_to_save=["norm", "head"],
            ),
        )


def main() -> None:
    """The command line: one flag for each field of `EmotionTrainer`."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.trainer",
        description="Fine-tune an encoder on GoEmotions by LoRA. The same command resumes a run.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--model-name", required=True, help="encoder: local folder or hub id")
    parser.add_argument("--dataset", required=True, type=Path, help="folder of GoEmotions' TSV")
    parser.add_argument("--output", required=True, type=Path, help="folder of the run")
    parser.add_argument(
        "--lessons", type=Path, nargs="+", default=(), help="lesson files in place of train.tsv"
    )
    parser.add_argument("--adapter", type=Path, help="go on from this trained adapter")
    parser.add_argument("--loss-function", default="bce", choices=sorted(LOSSES))
    parser.add_argument("--epochs", type=float, default=EmotionTrainer.epochs)
    parser.add_argument("--learning-rate", type=float, default=EmotionTrainer.learning_rate)
    parser.add_argument(
        "--head-learning-rate", type=float, default=EmotionTrainer.head_learning_rate
    )
    parser.add_argument("--rank", type=int, default=EmotionTrainer.rank)
    parser.add_argument("--layers", type=int, help="keep so many of the encoder's layers")
    parser.add_argument("--batch-size", type=int, default=EmotionTrainer.batch_size)
    parser.add_argument("--max-examples", type=int, help="train on the first so many only")
    parser.add_argument("--save-steps", type=int, default=EmotionTrainer.save_steps)
    parser.add_argument("--seed", type=int, default=EmotionTrainer.seed)
    print(f"adapter written to {EmotionTrainer(**vars(parser.parse_args())).train()}")


if __name__ == "__main__":
    main()
