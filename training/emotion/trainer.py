"""Fine-tune an encoder for emotions: all of its weights, or a small LoRA adapter.

    python -m training.emotion.trainer --model-name all-mpnet-base-v2 --dataset PATH --output PATH

A run that was stopped goes on from its last checkpoint when the same command is given again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from sklearn.metrics import f1_score
from tqdm import tqdm
from transformers import AutoTokenizer

from exporting.emotion_network import EmotionNetwork
from exporting.weights import resolve
from runners.text.emoji import spell_emoji
from training.emotion.data import CONTEXTS, MOODS, LabelledTexts, load_goemotions, read_lessons
from training.emotion.losses import LOSSES, consistency, known_loss
from training.hardware import DEVICES, bf16_is_fast, choose_device

# Every new shape costs oneDNN a compilation; multiples of 16 keep the shapes few and pad little.
PAD_TO_MULTIPLE_OF: Final = 16
# Says what a run was trained on top of; the steps that read a run need it.
RUN: Final = "run.json"
WEIGHTS: Final = "model.safetensors"
# Of GoEmotions' training comments 99.9 % are shorter.
MAX_TOKENS: Final = 64
WARMUP_SHARE: Final = 0.1
WEIGHT_DECAY: Final = 0.01
MAX_GRADIENT_NORM: Final = 1.0
# Texts of like length share a batch; they are sorted within blocks of this many batches.
SORTED_BATCHES: Final = 50


class Batches:
    """Token ids and targets of a split in batches of texts of like length, shuffled each epoch."""

    def __init__(self, split: LabelledTexts, tokenizer: Any, batch_size: int, seed: int) -> None:
        texts = [spell_emoji(text)[0] for text in split.texts]
        self._ids = tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        self._lengths = np.asarray([len(ids) for ids in self._ids])
        self._targets = split.labels
        self._pad_id = int(tokenizer.pad_token_id)
        self._batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        return -(-len(self._ids) // self._batch_size)

    def rows(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        """Return the indices of the texts of each batch, the same for the same seed and epoch."""
        rng = np.random.default_rng((self._seed, epoch))
        order = rng.permutation(len(self._ids))
        block = SORTED_BATCHES * self._batch_size
        batches: list[npt.NDArray[np.int64]] = []
        for start in range(0, len(order), block):
            rows = order[start : start + block]
            rows = rows[np.argsort(self._lengths[rows], kind="stable")]
            batches += [
                rows[i : i + self._batch_size] for i in range(0, len(rows), self._batch_size)
            ]
        return [batches[index] for index in rng.permutation(len(batches))]

    def batch(
        self, rows: npt.NDArray[np.int64], device: torch.device
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return the model's inputs of shape (batch, tokens) and targets of (batch, outputs)."""
        inputs = pad([self._ids[row] for row in rows], self._pad_id, device)
        return inputs, torch.from_numpy(self._targets[rows]).to(device, non_blocking=True)


def pad(ids: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Return `input_ids` and `attention_mask` of shape (texts, tokens) on the device."""
    longest = max(len(one) for one in ids)
    width = -(-longest // PAD_TO_MULTIPLE_OF) * PAD_TO_MULTIPLE_OF
    padded = np.full((len(ids), width), pad_id, dtype=np.int64)
    mask = np.zeros_like(padded)
    for row, one in enumerate(ids):
        padded[row, : len(one)] = one
        mask[row, : len(one)] = 1
    return {
        "input_ids": torch.from_numpy(padded).to(device, non_blocking=True),
        "attention_mask": torch.from_numpy(mask).to(device, non_blocking=True),
    }


@dataclass(frozen=True)
class EmotionTrainer:
    """Train an encoder with a head for multi-label emotion recognition.

    Args:
        model_name: an encoder checkpoint, local folder or hub id (`distilroberta-base`).
        dataset: a folder with GoEmotions' train.tsv, dev.tsv and labels.txt.
        output: where checkpoints of the run and, at its end, `adapter/` are written.
        lessons: train on these lesson files (`training.emotion.data`) in place of train.tsv.
        adapter: go on from this trained adapter (its rank holds) in place of a fresh one.
        full: train all weights of the encoder in place of an adapter (Hu et al., 2021).
        loss_function: "bce", "focal" or "asymmetric".
        r_drop: weight of the consistency of two passes with different dropout; 0 runs one pass.
        epochs: passes over the training split; a fraction is fine.
        learning_rate: peak rate of the adapter or encoder, after 10 % warm-up, then linear decay.
        head_learning_rate: peak rate of the head.
        layer_decay: with `full`, each layer learns by this factor slower than the one above it.
        rank: rank of the adapter's matrices.
        layers: keep this many of the encoder's layers, evenly spaced; None keeps all.
        batch_size: texts per step.
        max_examples: train on the first texts only, to try a change out.
        save_steps: steps between checkpoints, from which a stopped run goes on.
        seed: of initialisation, order and dropout.
        device: "auto", "cpu" or "cuda".
    """

    model_name: str
    dataset: Path
    output: Path
    lessons: tuple[Path, ...] = ()
    adapter: Path | None = None
    full: bool = False
    loss_function: str = "bce"
    r_drop: float = 0.0
    epochs: float = 3.0
    learning_rate: float = 4e-4
    head_learning_rate: float = 1e-3
    layer_decay: float = 1.0
    rank: int = 16
    layers: int | None = None
    batch_size: int = 32
    max_examples: int | None = None
    save_steps: int = 200
    seed: int = 0
    device: str = "auto"

    def train(self) -> Path:
        """Train, or go on from the last checkpoint in `output`; return the trained folder."""
        torch.manual_seed(self.seed)
        device = choose_device(self.device)
        dev = load_goemotions(self.dataset, "dev")
        split = self._training_split(dev.label_names)
        checkpoint = str(resolve(self.model_name))
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        classifier = EmotionNetwork.from_encoder(checkpoint, split.label_names, self.layers)
        model = (classifier if self.full else self._with_adapter(classifier)).to(device)
        batches = Batches(split, tokenizer, self.batch_size, self.seed)
        steps = max(1, round(self.epochs * len(batches)))
        optimizer = self._optimizer(model)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
        step = self._resume(model, optimizer, schedule, device)
        self._run(model, batches, optimizer, schedule, step, steps, device)
        scores = _dev_scores(model, Batches(dev, tokenizer, 4 * self.batch_size, 0), dev, device)
        print(json.dumps({"run": self.output.name, **scores}))
        return self._save(model, dev.label_names, split.label_names)

    def _training_split(self, label_names: list[str]) -> LabelledTexts:
        split = (
            read_lessons(self.lessons, label_names)
            if self.lessons
            else load_goemotions(self.dataset, "train")
        )
        return split if self.max_examples is None else split.rows(range(self.max_examples))

    def _with_adapter(self, classifier: EmotionNetwork) -> Any:
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

    def _optimizer(self, model: Any) -> torch.optim.Optimizer:
        """AdamW; the fresh head and its LayerNorm learn at their own rate, without decay."""
        config = getattr(model, "config", None)
        depth = getattr(config, "num_hidden_layers", 0)
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            own = name.removeprefix("base_model.model.")
            if own.startswith(("head", "norm")):
                key = self.head_learning_rate, 0.0
            else:
                key = self.learning_rate * self.layer_decay ** _distance(own, depth), WEIGHT_DECAY
            groups.setdefault(key, []).append(parameter)
        return torch.optim.AdamW(
            [
                {"params": parameters, "lr": rate, "weight_decay": decay}
                for (rate, decay), parameters in groups.items()
            ],
            fused=next(model.parameters()).is_cuda,
        )

    def _run(
        self,
        model: Any,
        batches: Batches,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LambdaLR,
        step: int,
        steps: int,
        device: torch.device,
    ) -> None:
        loss_function = LOSSES[self.loss_function]
        model.train()
        progress = tqdm(total=steps, initial=step, desc=self.output.name, unit="step")
        while step < steps:
            epoch, done = divmod(step, len(batches))
            for rows in batches.rows(epoch)[done : done + steps - step]:
                inputs, targets = batches.batch(rows, device)
                with _autocast(device):
                    logits = model(**inputs).logits.float()
                    again = model(**inputs).logits.float() if self.r_drop else None
                loss = known_loss(loss_function, logits, targets)
                if again is not None:
                    loss = 0.5 * (loss + known_loss(loss_function, again, targets))
                    loss = loss + self.r_drop * consistency(logits, again)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
                step += 1
                progress.update()
                if step % 50 == 0:
                    progress.set_postfix(loss=f"{loss.item():.3f}")
                if step % self.save_steps == 0 and step < steps:
                    self._checkpoint(model, optimizer, schedule, step)
        progress.close()
        self._checkpoint(model, optimizer, schedule, step)

    @property
    def _state_path(self) -> Path:
        return self.output / "checkpoint.pt"

    def _checkpoint(self, model: Any, optimizer: Any, schedule: Any, step: int) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
        state = {
            "step": step,
            "model": {name: value.detach() for name, value in trained.items()},
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
        }
        scratch = self._state_path.with_suffix(".new")
        torch.save(state, scratch)
        scratch.replace(self._state_path)

    def _resume(self, model: Any, optimizer: Any, schedule: Any, device: torch.device) -> int:
        """Load the last checkpoint where there is one; return the number of steps done."""
        if not self._state_path.is_file():
            return 0
        state = torch.load(self._state_path, map_location=device, weights_only=True)
        model.load_state_dict(state["model"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        torch.manual_seed(self.seed + state["step"])
        return int(state["step"])

    def _save(self, model: Any, labels: list[str], outputs: list[str]) -> Path:
        folder = self.output / "adapter"
        folder.mkdir(parents=True, exist_ok=True)
        if self.full:
            weights = model.state_dict().items()
            save_file(
                {name: value.detach().contiguous() for name, value in weights}, folder / WEIGHTS
            )
        else:
            model.save_pretrained(folder)
        run = {
            "model_name": self.model_name,
            "layers": self.layers,
            "labels": labels,
            "moods": [name for name in MOODS if name in outputs],
            "contexts": [name for name in CONTEXTS if name in outputs],
        }
        (folder / RUN).write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
        self._state_path.unlink(missing_ok=True)
        return folder


def _rate(step: int, steps: int) -> float:
    """Share of the peak learning rate at a step: linear warm-up, then linear decay to 0."""
    warmup = max(1, round(WARMUP_SHARE * steps))
    return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))


def _distance(name: str, depth: int) -> int:
    """Number of encoder layers above the parameter; the embeddings lie below all of them."""
    parts = name.split(".")
    if "layer" not in parts:
        return depth
    return depth - 1 - int(parts[parts.index("layer") + 1])


def _autocast(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16_is_fast())


def _predictions(
    model: Any, batches: Batches, device: torch.device
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    for rows in batches.rows(0):
        inputs, _ = batches.batch(rows, device)
        with torch.inference_mode(), _autocast(device):
            yield rows, model(**inputs).logits.float().cpu().numpy()


def _dev_scores(
    model: Any, batches: Batches, dev: LabelledTexts, device: torch.device
) -> dict[str, float]:
    """Macro-F1 with the one threshold for all labels that is best, and that threshold."""
    model.eval()
    logits = np.zeros(dev.labels.shape)
    for rows, predicted in _predictions(model, batches, device):
        logits[rows] = predicted[:, : dev.labels.shape[1]]
    probabilities = 1.0 / (1.0 + np.exp(-logits))
    cross_entropy = -np.where(dev.labels > 0, np.log(probabilities), np.log1p(-probabilities))
    by_threshold = {
        threshold: f1_score(
            dev.labels, probabilities >= threshold, average="macro", zero_division=0
        )
        for threshold in np.arange(0.1, 0.6, 0.02)
    }
    best = max(by_threshold, key=lambda threshold: by_threshold[threshold])
    return {
        "dev_macro_f1": round(float(by_threshold[best]), 4),
        "dev_threshold": round(float(best), 2),
        "dev_cross_entropy": round(float(cross_entropy.sum(axis=1).mean()), 4),
    }


def main() -> None:
    """The command line: one flag for each field of `EmotionTrainer`."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.trainer",
        description="Fine-tune an encoder for emotions. The same command resumes a run.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    default = EmotionTrainer
    parser.add_argument("--model-name", required=True, help="encoder: local folder or hub id")
    parser.add_argument("--dataset", required=True, type=Path, help="folder of GoEmotions' TSV")
    parser.add_argument("--output", required=True, type=Path, help="folder of the run")
    parser.add_argument(
        "--lessons", type=Path, nargs="+", default=(), help="lesson files in place of train.tsv"
    )
    parser.add_argument("--adapter", type=Path, help="go on from this trained adapter")
    parser.add_argument("--full", action="store_true", help="train all weights, no adapter")
    parser.add_argument("--loss-function", default=default.loss_function, choices=sorted(LOSSES))
    parser.add_argument("--r-drop", type=float, default=default.r_drop, help="weight of R-Drop")
    parser.add_argument("--epochs", type=float, default=default.epochs)
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--head-learning-rate", type=float, default=default.head_learning_rate)
    parser.add_argument("--layer-decay", type=float, default=default.layer_decay)
    parser.add_argument("--rank", type=int, default=default.rank)
    parser.add_argument("--layers", type=int, help="number of the encoder's layers to keep")
    parser.add_argument("--batch-size", type=int, default=default.batch_size)
    parser.add_argument("--max-examples", type=int, help="train on the first texts only")
    parser.add_argument("--save-steps", type=int, default=default.save_steps)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--device", default=default.device, choices=DEVICES)
    print(f"written to {EmotionTrainer(**vars(parser.parse_args())).train()}")


if __name__ == "__main__":
    main()
