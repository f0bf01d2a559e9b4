"""PyTorch model: any encoder with a multi-label head of mean pooling, LayerNorm, linear layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

# On average a label of GoEmotions applies to 4 % of the comments. A bias that starts at this rate
# saves a few hundred training steps.
BASE_RATE_LOGIT = -3.2


class EmotionNetwork(PreTrainedModel):
    """Logits of shape (batch, outputs) from token ids of shape (batch, tokens).

    The hidden states of sentence encoders are small (MPNet's standard deviation is 0.12), and a
    linear head on their mean learns slowly. The LayerNorm between them prevents that.
    """

    config_class = PretrainedConfig
    base_model_prefix = "encoder"

    def __init__(self, config: PretrainedConfig, encoder: nn.Module | None = None) -> None:
        super().__init__(config)
        self.encoder = AutoModel.from_config(config) if encoder is None else encoder
        if getattr(self.encoder, "pooler", None) is not None:
            self.encoder.pooler = None
        self.norm = nn.LayerNorm(config.hidden_size)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(config.hidden_size, config.num_labels)
        nn.init.constant_(self.head.bias, BASE_RATE_LOGIT)

    @classmethod
    def from_encoder(
        cls, checkpoint: str, label_names: list[str], layers: int | None = None
    ) -> EmotionNetwork:
        """Add a new head to the encoder at `checkpoint`, a local folder or a hub id.

        `layers` is the number of encoder layers to keep, evenly spaced from the first to the last,
        as in DistilBERT (Sanh et al., 2019). Raises `ValueError` if the encoder has fewer.
        """
        config = AutoConfig.from_pretrained(
            checkpoint,
            id2label=dict(enumerate(label_names)),
            label2id={name: index for index, name in enumerate(label_names)},
            problem_type="multi_label_classification",
        )
        encoder = AutoModel.from_pretrained(checkpoint)
        if layers is not None:
            stack = encoder.encoder.layer
            if not 1 <= layers <= len(stack):
                raise ValueError(f"The encoder has {len(stack)} layers; {layers} cannot be kept.")
            kept = np.linspace(0, len(stack) - 1, layers).round().astype(int)
            encoder.encoder.layer = nn.ModuleList(stack[index] for index in kept)
            config.num_hidden_layers = encoder.config.num_hidden_layers = layers
        return cls(config, encoder=encoder)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_unused: Any
    ) -> SequenceClassifierOutput:
        """Compute the logits; `attention_mask`, of shape (batch, tokens), is 0 for padding."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        return SequenceClassifierOutput(logits=self.head(self.dropout(self.norm(pooled.float()))))
