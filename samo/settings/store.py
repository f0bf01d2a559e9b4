"""Where BentoML's model store is; the variable is BentoML's own."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """The folder of BentoML, which holds the model store."""

    model_config = SettingsConfigDict(frozen=True)

    home: Path = Field(
        default_factory=lambda: Path.home() / "bentoml",
        validation_alias="BENTOML_HOME",
        description="Folder of BentoML.",
    )

    @property
    def models(self) -> Path:
        """The model store: a folder for each name, with a folder for each version."""
        return self.home / "models"
