"""The settings of drift; `samo.settings.Settings` inherits them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class DriftSettings(BaseSettings):
    """What the traffic is compared with, and which difference is an alarm."""

    drift: bool = Field(
        default=True,
        description="Compare the texts and recordings with a reference: /monitoring/drift.",
    )
    drift_reference: Path | None = Field(
        default=None,
        description="Reference file, such as one that /monitoring/drift/reference returned. Unset: "
        "that of the emotion model, which is made from GoEmotions.",
    )
    drift_window: int = Field(
        default=1000,
        ge=100,
        le=1_000_000,
        description="Number of the last texts that are compared with the reference.",
    )
    drift_recordings_window: int = Field(
        default=50,
        ge=20,
        le=1_000_000,
        description="Number of the last recordings that are compared with the reference.",
    )
    drift_threshold: float = Field(
        default=0.1,
        gt=0,
        description="Smallest score of an alarm. As a rule of thumb, a PSI of 0.1 is a moderate "
        "change and one of 0.25 a large one.",
    )
    drift_significance: float = Field(
        default=1e-6,
        gt=0,
        lt=1,
        description="Largest probability that the difference of an alarm is due to chance.",
    )
