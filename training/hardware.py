"""What the machine that trains can do."""

from __future__ import annotations

import torch

DEVICES = ("auto", "cpu", "cuda")


def bf16_is_fast() -> bool:
    """Whether bfloat16 runs in hardware; emulated it takes a hundred times as long as float32."""
    return torch.cuda.is_available() or bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of this name; "auto" is a CUDA GPU where there is one, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
