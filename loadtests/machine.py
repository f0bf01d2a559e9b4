"""Describe the machine on which figures were measured."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("bentoml", "fastapi", "onnxruntime", "ctranslate2", "uvloop")


def describe_machine() -> str:
    """Return one line with the CPU, cores, load average, versions and date."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    vnni = "with" if any("avx512_vnni" in line for line in lines) else "without"
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{names[0] if names else platform.processor()}, {len(os.sched_getaffinity(0))} cores "
        f"{vnni} VNNI; load average at the end {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, {versions}; {datetime.now(UTC):%Y-%m-%d}."
    )
