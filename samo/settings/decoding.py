"""The settings of decoding; `samo.settings.Settings` inherits them."""

from __future__ import annotations

import os

from pydantic import Field
from pydantic_settings import BaseSettings


class DecodingSettings(BaseSettings):
    """Where uploads are decoded."""

    isolate_decoding: bool = Field(
        default_factory=lambda: hasattr(os, "fork"),
        description="Decode each upload in a process of its own, which may open no file and is "
        "killed if it takes too much; with 'false' in the service's own process.",
    )
