"""The device that trains."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import torch

DEVICES: Final = ("auto", "cpu", "cuda")
DEVICE_HELP: Final = "auto takes a CUDA GPU if there is one"


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of this name; "auto" is a CUDA GPU if there is one, else the CPU.

    Raises `ValueError` for "cuda" on a machine without one.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("PyTorch finds no CUDA GPU: use --device cpu or auto.")
    return torch.device(name)


def supports_bf16(device: torch.device) -> bool:
    """Whether the device computes bfloat16 in hardware; emulated it is 100 times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def autocast(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Compute in bfloat16 within this context if the device supports it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=supports_bf16(device))
