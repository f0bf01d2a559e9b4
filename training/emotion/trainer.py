"""Fine-tune an encoder for emotions: all of its weights, or a LoRA adapter.

    python -m training.emotion.trainer --model-name sentence-transformers/all-mpnet-base-v2 \
        --data ../shared/data --output runs/mine

The same command resumes an interrupted run from its last checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoTokenizer

from exporting.emotion_network import EmotionNetwork
from exporting.weights import resolve
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.emotion.batches import Batches
from training.emotion.data import CONTEXTS, MOODS, LabelledTexts, load_examples, load_goemotions
from training.emotion.loop import TrainingLoop
from training.emotion.losses import LOSSES
from training.emotion.metrics import f1
from training.emotion.optimization import make_optimizer, make_schedule
from training.emotion.runs import WEIGHTS_FILE, TrainingRun
from training.hardware import DEVICE_HELP, DEVICES, autocast, choose_device


@dataclass(frozen=True)
class EmotionTrainer:
    """Train an encoder with a head for multi-label emotion recognition.

    Args:
        model_name: an encoder checkpoint, local folder or hub id (`distilroberta-base`).
        data: a folder with `goemotions/` (train.tsv, dev.tsv, labels.txt).
        output: folder for the checkpoints of the run and its result, `adapter/`.
        examples: files of training examples (`training.emotion.data`) instead of train.tsv.
        adapter: a trained adapter to continue from; its rank replaces `rank`.
        full: train all weights of the encoder instead of an adapter (Hu et al., 2021).
        loss_function: "bce", "focal" or "asymmetric".
        r_drop: weight of the consistency loss between two passes with different dropout; 0 makes a
            single pass.
        epochs: number of epochs; may be a fraction.
        learning_rate: peak rate of the adapter or encoder, reached after 10 % of the steps, then
            decayed linearly.
        head_learning_rate: peak rate of the head.
        layer_decay: with `full`, factor of the learning rate from each layer to the one below.
        rank: rank of the adapter's matrices.
        layers: number of encoder layers to keep, evenly spaced; None keeps all.
        batch_size: texts per step.
        max_examples: train only on the first texts, to try out a change.
        save_steps: steps between checkpoints.
        eval_steps: steps between measurements on dev, which are written to `history.jsonl` in
            `output` (`training.emotion.history`); None: dev is only evaluated at the end.
        eval_texts: number of dev texts that are evaluated; None: all.
        seed: seed of initialization, order and dropout.
        device: "auto", "cpu" or "cuda".
        workers: number of threads, each of which computes a part of every batch on one core; 1 lets
            PyTorch divide each operation among the cores, which is slow if other programs run.
    """

    model_name: str
    data: Path
    output: Path
    examples: tuple[Path, ...] = ()
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
    eval_steps: int | None = None
    eval_texts: int | None = None
    seed: int = 0
    device: str = "auto"
    workers: int = 1

    def train(self) -> Path:
        """Train, or resume from the last checkpoint in `output`; return the folder `adapter/`."""
        torch.manual_seed(self.seed)
        device = choose_device(self.device)
        dev = load_goemotions(self.data, "dev")
        split = self._training_split(dev.label_names)
        base = str(resolve(self.model_name))
        tokenizer = AutoTokenizer.from_pretrained(base)
        network = EmotionNetwork.from_encoder(base, split.label_names, self.layers)
        model = (network if self.full else self._add_adapter(network)).to(device)
        batches = Batches(split, tokenizer, self.batch_size, self.seed)
        scored = _first(dev, self.eval_texts)
        dev_batches = Batches(scored, tokenizer, 4 * self.batch_size, 0)

        def evaluate() -> dict[str, float]:
            return _dev_scores(model, dev_batches, scored, device)

        optimizer = make_optimizer(
            model, self.learning_rate, self.head_learning_rate, self.layer_decay
        )
        steps = max(1, round(self.epochs * len(batches)))
        loop = TrainingLoop(
            model=model,
            optimizer=optimizer,
            schedule=make_schedule(optimizer, steps),
            device=device,
            output=self.output,
            loss=LOSSES[self.loss_function],
            r_drop=self.r_drop,
            workers=self.workers,
            save_steps=self.save_steps,
            seed=self.seed,
            evaluate=evaluate,
            eval_steps=self.eval_steps,
        )
        loop.resume()
        loop.run(batches, steps)
        print(json.dumps({"run": self.output.name, **evaluate()}))
        self._save(model, dev.label_names, split.label_names)
        loop.checkpoint.unlink(missing_ok=True)
        return self.output / "adapter"

    def _training_split(self, label_names: list[str]) -> LabelledTexts:
        split = (
            load_examples(self.examples, label_names)
            if self.examples
            else load_goemotions(self.data, "train")
        )
        return _first(split, self.max_examples)

    def _add_adapter(self, network: EmotionNetwork) -> Any:
        if self.adapter is not None:
            model = PeftModel.from_pretrained(network, self.adapter, is_trainable=True)
            # Without a local folder peft requests the base from the hub at every checkpoint.
            model.peft_config["default"].base_model_name_or_path = str(resolve(self.model_name))
            return model
        linear_layers = [
            name
            for name, module in network.named_modules()
            if name.startswith("encoder.") and isinstance(module, torch.nn.Linear)
        ]
        return get_peft_model(
            network,
            LoraConfig(
                r=self.rank,
                lora_alpha=2 * self.rank,
                target_modules=linear_layers,
                modules_to_save=["norm", "head"],
            ),
        )

    def _save(self, model: Any, labels: list[str], outputs: list[str]) -> None:
        folder = self.output / "adapter"
        folder.mkdir(parents=True, exist_ok=True)
        if self.full:
            weights = model.state_dict().items()
            save_file(
                {name: value.detach().contiguous() for name, value in weights},
                folder / WEIGHTS_FILE,
            )
        else:
            model.save_pretrained(folder)
        TrainingRun(
            model_name=self.model_name,
            layers=self.layers,
            labels=tuple(labels),
            moods=tuple(name for name in MOODS if name in outputs),
            contexts=tuple(name for name in CONTEXTS if name in outputs),
        ).save(folder)


def _first(split: LabelledTexts, count: int | None) -> LabelledTexts:
    """The first `count` texts; all if it is None or there are fewer."""
    return split if count is None else split.select(range(min(count, len(split))))


def _predictions(
    model: Any, batches: Batches, device: torch.device
) -> Iterator[tuple[Array, Array]]:
    """Yield the indices of each batch and its logits of shape (batch, outputs)."""
    for indices in batches.indices(0):
        inputs, _ = batches.batch(indices, device)
        with torch.inference_mode(), autocast(device):
            yield indices, model(**inputs).logits.float().cpu().numpy()


def _dev_scores(
    model: Any, batches: Batches, dev: LabelledTexts, device: torch.device
) -> dict[str, float]:
    """Macro-F1 with the best threshold that is the same for all labels, and that threshold."""
    model.eval()
    logits = np.zeros(dev.labels.shape)
    for indices, predicted in _predictions(model, batches, device):
        logits[indices] = predicted[:, : dev.labels.shape[1]]
    probabilities = 1.0 / (1.0 + np.exp(-logits))
    cross_entropy = -np.where(dev.labels > 0, np.log(probabilities), np.log1p(-probabilities))
    scores = {
        threshold: f1(dev.labels, probabilities >= threshold, "macro")
        for threshold in np.arange(0.1, 0.6, 0.02)
    }
    best = max(scores, key=lambda threshold: scores[threshold])
    return {
        "dev_macro_f1": round(scores[best], 4),
        "dev_threshold": round(float(best), 2),
        "dev_cross_entropy": round(float(cross_entropy.sum(axis=1).mean()), 4),
    }


def main() -> None:
    """Run the command line: one option per field of `EmotionTrainer`."""
    parser = command_parser(
        "training.emotion.trainer",
        "Fine-tune an encoder for emotions. The same command resumes an interrupted run.",
    )
    add = parser.add_argument
    default = EmotionTrainer
    add("--model-name", required=True, help="encoder: local folder or hub id")
    add("--data", required=True, type=Path, help=DATA_HELP)
    add("--output", required=True, type=Path, help="folder of the run")
    add(
        "--examples", type=Path, nargs="+", default=(),
        help="files of training examples; default: GoEmotions' train split",
    )  # fmt: skip
    add("--adapter", type=Path, help="trained adapter to continue from")
    add("--full", action="store_true", help="train all weights instead of an adapter")
    add("--loss-function", default=default.loss_function, choices=sorted(LOSSES), help="loss")
    add("--r-drop", type=float, default=default.r_drop, help="weight of R-Drop; 0: none")
    add("--epochs", type=float, default=default.epochs, help="number of epochs")
    add("--learning-rate", type=float, default=default.learning_rate, help="peak rate")
    add(
        "--head-learning-rate", type=float, default=default.head_learning_rate,
        help="peak rate of the head",
    )  # fmt: skip
    add(
        "--layer-decay", type=float, default=default.layer_decay,
        help="with --full: factor of the rate from a layer to the one below",
    )  # fmt: skip
    add("--rank", type=int, default=default.rank, help="rank of the adapter")
    add("--layers", type=int, help="number of encoder layers to keep; default: all")
    add("--batch-size", type=int, default=default.batch_size, help="texts per step")
    add("--max-examples", type=int, help="train on the first texts only; default: all")
    add("--save-steps", type=int, default=default.save_steps, help="steps between checkpoints")
    add("--eval-steps", type=int, help="steps between measurements on dev; default: none")
    add("--eval-texts", type=int, help="number of dev texts that are evaluated; default: all")
    add("--seed", type=int, default=default.seed, help="seed of all random choices")
    add("--workers", type=int, default=default.workers, help="threads with a part of each batch")
    add("--device", default=default.device, choices=DEVICES, help=DEVICE_HELP)
    adapter = EmotionTrainer(**vars(parser.parse_args())).train()
    print(f"written to {adapter}")


if __name__ == "__main__":
    main()
