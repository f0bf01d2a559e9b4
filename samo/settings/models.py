"""The settings of the models; `samo.settings.Settings` inherits them."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings

EmotionModel = Literal["large", "small"]

# Names in the BentoML model store, to which export_models.py writes the models.
EMOTION_MODELS: Final[dict[EmotionModel, str]] = {
    "large": "samo-emotion",
    "small": "samo-emotion-small",
}


class ModelSettings(BaseSettings):
    """Which models are served."""

    emotion_model: EmotionModel = Field(
        default="large",
        description="'small' serves an emotion model with a fifth of the parameters, which is "
        "faster, needs less memory and is a little less accurate.",
    )

    @property
    def model_names(self) -> dict[str, str]:
        """Names in the BentoML model store of the three models that are served."""
        return {
            "transcriber": "samo-transcriber",
            "emotion": EMOTION_MODELS[self.emotion_model],
            "summarizer": "samo-summarizer",
        }
