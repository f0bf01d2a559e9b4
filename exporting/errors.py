"""Errors of an export. Each message says what to do.

ExportError
└── WeightsError
"""

from __future__ import annotations


class ExportError(Exception):
    """A model cannot be exported, or the exported model failed a check; nothing was stored."""


class WeightsError(ExportError):
    """The files of a checkpoint are not available, or a file has another SHA-256 than expected."""
