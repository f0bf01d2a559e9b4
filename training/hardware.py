"""What the machine that trains can do."""

from __future__ import annotations

import torch


def bf16_is_fast() -> bool:
    """Whether bfloat16 runs in hardware; emulated it takes a hundred times as long as float32."""
    return torch.cuda.is_available() or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
