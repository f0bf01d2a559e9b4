"""A first state from which a T5 copies, so that no training time goes into finding out how.

A transformer copies by an induction circuit (Olsson et al., 2022): one head writes into each
position which token stood before it, another looks for the position whose "before" is the token
just written, and passes that position's own token on. Left to chance the circuit takes the larger
part of a short training to appear. Here its four matrices are written down; everything stays
trainable.
"""

from __future__ import annotations

from typing import Any

import torch

# Share of the encoder's heads that look one token back. T5's layers share their position bias, so
# these heads look back in every layer.
_LOOKING_BACK = 0.5
_BACK_BIAS = 10.0
# Bucket of relative position -1 in T5's bidirectional scheme.
_BACK_BUCKET = 1
# Softens the match: its score is about 30, chance stays below 12.
_SHARPNESS = 0.7
# The copied token has to outweigh the token just written, which the residual stream still holds.
_LOUDNESS = 3.0
# The other sublayers start nearly silent, or their noise drowns the match.
_MURMUR = 0.2


@torch.no_grad()
def prefer_copying(model: Any) -> None:
    """Set an untrained `T5ForConditionalGeneration` with tied embeddings so that it copies.

    Encoder layer 0 writes a rotation of the previous token's embedding beside each token's own;
    the last decoder layer matches it with the current token and brings the token that follows.
    """
    for stack in (model.encoder, model.decoder):
        for block in stack.block:
            for layer in block.layer[:-1]:
                attention = getattr(layer, "SelfAttention", None) or layer.EncDecAttention
                attention.o.weight.mul_(_MURMUR)
            block.layer[-1].DenseReluDense.wo.weight.mul_(_MURMUR)

    width = model.config.d_model
    head = model.config.d_kv
    heads_back = max(1, int(model.config.num_heads * _LOOKING_BACK))
    carried = heads_back * head
    rotation = torch.linalg.qr(torch.randn(width, width)).Q
    identity = torch.eye(width)

    look_back = model.encoder.block[0].layer[0].SelfAttention
    look_back.relative_attention_bias.weight[:, :heads_back] = 0.0
    look_back.relative_attention_bias.weight[_BACK_BUCKET, :heads_back] = _BACK_BIAS
    look_back.v.weight[:carried] = identity[:carried]
    look_back.o.weight[:, :carried] = rotation[:, :carried]

    match = model.decoder.block[-1].layer[1].EncDecAttention
    for number in range(model.config.num_heads):
        rows = slice(number * head, (number + 1) * head)
        part = slice((number % heads_back) * head, (number % heads_back + 1) * head)
        match.q.weight[rows] = _SHARPNESS * identity[part]
        match.k.weight[rows] = _SHARPNESS * rotation[:, part].T
    match.v.weight.copy_(identity)
    match.o.weight.copy_(_LOUDNESS * identity)
