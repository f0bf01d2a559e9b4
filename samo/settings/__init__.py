"""The settings, read from the environment. No other package of `samo` reads it.

`Settings` inherits the settings of each subject, such as `AccessSettings`.
"""

from samo.settings.access import AccessSettings, RateLimit
from samo.settings.client import ClientSettings
from samo.settings.service import (
    DEFAULT_PORT,
    CacheSettings,
    CloudRunTask,
    Settings,
    available_cpus,
    default_port,
    variable_names,
)

__all__ = [
    "DEFAULT_PORT",
    "AccessSettings",
    "CacheSettings",
    "ClientSettings",
    "CloudRunTask",
    "RateLimit",
    "Settings",
    "available_cpus",
    "default_port",
    "variable_names",
]
