"""Multi-label losses per output, and their sum over the outputs with a known target."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

# From logits and targets in [0, 1], both of shape (batch, outputs), to losses of the same shape.
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def bce(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy; targets may be the probabilities of a teacher."""
    return binary_cross_entropy_with_logits(logits, targets, reduction="none")


def focal(logits: torch.Tensor, targets: torch.Tensor, gamma: float = 2.0) -> torch.Tensor:
    """Focal loss (Lin et al., 2017): cross-entropy times (1 - p of the target)^gamma."""
    cross_entropy = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    probability_of_target = torch.exp(-cross_entropy)
    return (1.0 - probability_of_target) ** gamma * cross_entropy


def asymmetric(
    logits: torch.Tensor,
    targets: torch.Tensor,
    gamma_negative: float = 3.0,
    margin: float = 0.05,
) -> torch.Tensor:
    """Asymmetric loss (Ridnik et al., 2021): easy negatives count less, below `margin` nothing."""
    probabilities = torch.sigmoid(logits)
    shifted = (probabilities - margin).clamp(min=0.0)
    positive = targets * torch.log(probabilities.clamp(min=1e-8))
    negative = (1.0 - targets) * torch.log((1.0 - shifted).clamp(min=1e-8))
    return -(positive + negative * shifted**gamma_negative)


def known_loss(loss: Loss, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Sum `loss` over the known outputs of a text, average over the batch; NaN means unknown."""
    known = ~torch.isnan(targets)
    return (loss(logits, targets.nan_to_num(0.0)) * known).sum(dim=1).mean()


def consistency(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """R-Drop (Wu et al., 2021): symmetric KL divergence of two passes with different dropout.

    It is summed over the outputs, each a Bernoulli variable, and averaged over the batch.
    """
    difference = torch.sigmoid(first) - torch.sigmoid(second)
    # KL(p‖q) + KL(q‖p) of two Bernoulli variables is (p - q)(logit p - logit q).
    return 0.5 * (difference * (first - second)).sum(dim=1).mean()


LOSSES: dict[str, Loss] = {"bce": bce, "focal": focal, "asymmetric": asymmetric}
