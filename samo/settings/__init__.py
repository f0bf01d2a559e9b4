"""The settings, read from the environment. No other package of `samo` reads it.

`Settings` inherits the settings of each subject, such as `AccessSettings`.
"""

from samo.settings.ab import AbMode, AbSettings
from samo.settings.access import AccessSettings, RateLimit
from samo.settings.client import ClientSettings
from samo.settings.drift import DriftSettings
from samo.settings.feedback import FeedbackSettings
from samo.settings.jobs import JobSettings
from samo.settings.logs import LogFormat, LogSettings, early_log_format
from samo.settings.models import EMOTION_MODELS, EmotionModel
from samo.settings.service import (
    DEFAULT_PORT,
    CacheSettings,
    CloudRunTask,
    Settings,
    available_cpus,
    default_port,
    variable_names,
)
from samo.settings.store import StoreSettings
from samo.settings.tracing import TracingSettings

__all__ = [
    "DEFAULT_PORT",
    "EMOTION_MODELS",
    "AbMode",
    "AbSettings",
    "AccessSettings",
    "CacheSettings",
    "ClientSettings",
    "CloudRunTask",
    "DriftSettings",
    "EmotionModel",
    "FeedbackSettings",
    "JobSettings",
    "LogFormat",
    "LogSettings",
    "RateLimit",
    "Settings",
    "StoreSettings",
    "TracingSettings",
    "available_cpus",
    "default_port",
    "early_log_format",
    "variable_names",
]
