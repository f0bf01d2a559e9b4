"""The settings that decide how long a request and its steps may take."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class ReliabilitySettings(BaseSettings):
    """The deadlines of a request and of its steps."""

    deadline_seconds: float = Field(
        default=290.0,
        gt=0,
        description="A request that takes longer, including the arrival of its body, is cancelled "
        "and answered with 504. Keep it below the timeout of the proxy in front, 300 on Cloud Run.",
    )
    transcription_deadline_seconds: float = Field(
        default=200.0,
        gt=0,
        description="A transcription that takes longer, waiting included, is cancelled and "
        "answered with 504.",
    )
    emotion_deadline_seconds: float = Field(
        default=40.0,
        gt=0,
        description="As transcription_deadline_seconds, for the emotions of a text. An insight is "
        "answered without them, and `degraded` says so.",
    )
    summary_deadline_seconds: float = Field(
        default=40.0,
        gt=0,
        description="As emotion_deadline_seconds, for the summary.",
    )
