"""Optimizer and learning rate schedule of the emotion trainer."""

from __future__ import annotations

from typing import Any, Final

import torch

WARMUP_SHARE: Final = 0.1
WEIGHT_DECAY: Final = 0.01


def make_optimizer(
    model: Any, learning_rate: float, head_learning_rate: float, layer_decay: float
) -> torch.optim.Optimizer:
    """AdamW. The new head and its LayerNorm have their own rate and no weight decay."""
    depth = getattr(getattr(model, "config", None), "num_hidden_layers", 0)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        network_name = name.removeprefix("base_model.model.")
        if network_name.startswith(("head", "norm")):
            key = head_learning_rate, 0.0
        else:
            layers_above = _layers_above(network_name, depth)
            key = learning_rate * layer_decay**layers_above, WEIGHT_DECAY
        groups.setdefault(key, []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        fused=next(model.parameters()).is_cuda,
    )


def make_schedule(
    optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear warm-up over `WARMUP_SHARE` of the steps, then linear decay to 0."""
    warmup = max(1, round(WARMUP_SHARE * steps))

    def rate(step: int) -> float:
        return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


def _layers_above(name: str, depth: int) -> int:
    """Number of encoder layers above a parameter; the embeddings lie below all of them."""
    parts = name.split(".")
    if "layer" not in parts:
        return depth
    return depth - 1 - int(parts[parts.index("layer") + 1])
