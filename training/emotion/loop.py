"""The training loop of the emotion trainer, and the checkpoint from which it resumes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from tqdm import tqdm

from training.emotion.batches import Batches
from training.emotion.history import History, Measurement
from training.emotion.losses import Loss, consistency, known_loss
from training.hardware import autocast

MAX_GRADIENT_NORM: Final = 1.0
# Steps between updates of the loss in the progress bar.
LOSS_STEPS: Final = 50


@dataclass
class TrainingLoop:
    """The state of a run. `step` is the number of completed steps.

    `output`, `r_drop`, `workers`, `save_steps`, `eval_steps` and `seed` are those of
    `EmotionTrainer`; `evaluate` returns the dev scores of the model as it is, by their names in
    `Measurement`.
    """

    model: Any
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    device: torch.device
    output: Path
    loss: Loss
    r_drop: float
    workers: int
    save_steps: int
    seed: int
    evaluate: Callable[[], dict[str, float]]
    eval_steps: int | None = None
    step: int = 0
    _losses: list[torch.Tensor] = field(default_factory=list)  # since the last measurement

    def __post_init__(self) -> None:
        self._executor = ThreadPoolExecutor(self.workers)

    @property
    def checkpoint(self) -> Path:
        """File of the last checkpoint."""
        return self.output / "checkpoint.pt"

    def run(self, batches: Batches, steps: int) -> None:
        """Train until step `steps`, with a checkpoint every `save_steps` and at the end."""
        self.model.train()
        threads = torch.get_num_threads()
        if self.workers > 1:
            torch.set_num_threads(1)
        with tqdm(total=steps, initial=self.step, desc=self.output.name, unit="step") as progress:
            while self.step < steps:
                epoch, first = divmod(self.step, len(batches))
                for indices in batches.indices(epoch)[first : first + steps - self.step]:
                    loss = self._train_step(*batches.batch(indices, self.device))
                    self.step += 1
                    self._losses.append(loss.detach())
                    progress.update()
                    if self.step % LOSS_STEPS == 0:
                        progress.set_postfix(loss=f"{loss.item():.3f}")
                    if self.eval_steps and (self.step % self.eval_steps == 0 or self.step == steps):
                        self._measure()
                    if self.step % self.save_steps == 0 and self.step < steps:
                        self._save_checkpoint()
        torch.set_num_threads(threads)
        self._save_checkpoint()

    def _train_step(self, inputs: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
        if self.workers > 1:
            loss = self._concurrent_gradients(inputs, targets)
        else:
            loss = self._loss(inputs, targets)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss

    def _concurrent_gradients(
        self, inputs: dict[str, torch.Tensor], targets: torch.Tensor
    ) -> torch.Tensor:
        """Set the gradients of a batch, each part of which is computed in a thread of its own.

        Threads that share an operation wait for each other after every operation, for a long time
        if other programs use the cores. These wait once per step.
        """
        parameters = [one for one in self.model.parameters() if one.requires_grad]

        def gradients(part: int) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
            rows = slice(part, None, self.workers)
            share = len(targets[rows]) / len(targets)
            loss = share * self._loss(
                {name: values[rows] for name, values in inputs.items()}, targets[rows]
            )
            return loss.detach(), torch.autograd.grad(loss, parameters)

        parts = list(self._executor.map(gradients, range(min(self.workers, len(targets)))))
        for parameter, *of_parts in zip(parameters, *(one for _, one in parts), strict=True):
            parameter.grad = torch.stack(of_parts).sum(dim=0)
        return torch.stack([loss for loss, _ in parts]).sum()

    def _loss(self, inputs: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
        with autocast(self.device):
            logits = self.model(**inputs).logits.float()
            again = self.model(**inputs).logits.float() if self.r_drop else None
        loss = known_loss(self.loss, logits, targets)
        if again is not None:
            loss = 0.5 * (loss + known_loss(self.loss, again, targets))
            loss = loss + self.r_drop * consistency(logits, again)
        return loss

    def _measure(self) -> None:
        scores = self.evaluate()
        self.model.train()
        loss = float(torch.stack(self._losses).mean())
        self._losses.clear()
        History(self.output).append(Measurement(step=self.step, loss=loss, **scores))

    def _save_checkpoint(self) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        trained = self.model.named_parameters()
        state = {
            "step": self.step,
            "model": {name: value.detach() for name, value in trained if value.requires_grad},
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        scratch = self.checkpoint.with_suffix(".new")
        torch.save(state, scratch)
        scratch.replace(self.checkpoint)

    def resume(self) -> None:
        """Load the last checkpoint if there is one."""
        if not self.checkpoint.is_file():
            History(self.output).drop_after(0)
            return
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.step = int(state["step"])
        History(self.output).drop_after(self.step)
        torch.manual_seed(self.seed + self.step)
