"""Initial weights with which a T5 copies its input.

A transformer copies by an induction circuit (Olsson et al., 2022): one attention head writes the
previous token into each position, another finds the position whose previous token is the one that
was just written, and passes that position's own token on. With random weights most of a short
training is spent until the circuit appears. Here its four matrices are set; everything is trained
further.
"""

from __future__ import annotations

from typing import Any

import torch

# Share of the encoder's heads that attend to the previous token. T5's layers share their position
# bias, so these heads do so in every layer.
_PREVIOUS_TOKEN_SHARE = 0.5
_PREVIOUS_TOKEN_BIAS = 10.0
# Bucket of relative position -1 in T5's bidirectional scheme.
_PREVIOUS_TOKEN_BUCKET = 1
# Scale of queries and keys: a match has a score of about 30, random pairs stay below 12.
_MATCH_SCALE = 0.7
# The copied token must outweigh the token just written, which is still in the residual stream.
_COPY_SCALE = 3.0
# The other sublayers start with small outputs, so that their noise does not hide the match.
_NOISE_SCALE = 0.2


@torch.no_grad()
def prefer_copying(model: Any) -> None:
    """Set the weights of an untrained `T5ForConditionalGeneration` with tied embeddings.

    Encoder layer 0 adds a rotation of the previous token's embedding to each token's own. The last
    decoder layer matches it with the current token and copies the token at that position.
    """
    for stack in (model.encoder, model.decoder):
        for block in stack.block:
            for layer in block.layer[:-1]:
                attention = getattr(layer, "SelfAttention", None) or layer.EncDecAttention
                attention.o.weight.mul_(_NOISE_SCALE)
            block.layer[-1].DenseReluDense.wo.weight.mul_(_NOISE_SCALE)

    width = model.config.d_model
    head = model.config.d_kv
    shift_heads = max(1, int(model.config.num_heads * _PREVIOUS_TOKEN_SHARE))
    copied = shift_heads * head
    rotation = torch.linalg.qr(torch.randn(width, width)).Q
    identity = torch.eye(width)

    shift = model.encoder.block[0].layer[0].SelfAttention
    shift.relative_attention_bias.weight[:, :shift_heads] = 0.0
    shift.relative_attention_bias.weight[_PREVIOUS_TOKEN_BUCKET, :shift_heads] = (
        _PREVIOUS_TOKEN_BIAS
    )
    shift.v.weight[:copied] = identity[:copied]
    shift.o.weight[:, :copied] = rotation[:, :copied]

    match = model.decoder.block[-1].layer[1].EncDecAttention
    for number in range(model.config.num_heads):
        rows = slice(number * head, (number + 1) * head)
        part = slice((number % shift_heads) * head, (number % shift_heads + 1) * head)
        match.q.weight[rows] = _MATCH_SCALE * identity[part]
        match.k.weight[rows] = _MATCH_SCALE * rotation[:, part].T
    match.v.weight.copy_(identity)
    match.o.weight.copy_(_COPY_SCALE * identity)
