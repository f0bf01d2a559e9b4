"""Multi-label losses, summed over the labels and averaged over the batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def bce(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy; `targets` in [0, 1], so soft labels of a teacher will do."""
    return binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1).mean()


def focal(logits: torch.Tensor, targets: torch.Tensor, gamma: float = 2.0) -> torch.Tensor:
    """Focal loss (Lin et al., 2017): easy decisions count less, by (1 - p of the truth)^gamma."""
    cross_entropy = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    probability_of_truth = torch.exp(-cross_entropy)
    return ((1.0 - probability_of_truth) ** gamma * cross_entropy).sum(1).mean()


def asymmetric(
    logits: torch.Tensor,
    targets: torch.Tensor,
    gamma_negative: float = 3.0,
    margin: float = 0.05,
) -> torch.Tensor:
    """Asymmetric loss (Ridnik et al., 2021): easy negatives count less, the easiest nothing."""
    probabilities = torch.sigmoid(logits)
    shifted = (probabilities - margin).clamp(min=0.0)
    positive = targets * torch.log(probabilities.clamp(min=1e-8))
    negative = (1.0 - targets) * torch.log((1.0 - shifted).clamp(min=1e-8))
    return -(positive + negative * shifted**gamma_negative).sum(1).mean()


LOSSES: dict[str, Loss] = {"bce": bce, "focal": focal, "asymmetric": asymmetric}
