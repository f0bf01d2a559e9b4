"""Settings that have no effect while another one is off; they are refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from pydantic_settings import BaseSettings


class _Switch(NamedTuple):
    """A setting, the value of it that switches something off, and what then has no effect."""

    name: str
    off: str | int | None
    settings: tuple[str, ...]


_SWITCHES: Final = (
    _Switch("ab_model", None, ("ab_mode", "ab_share", "ab_header")),
    _Switch("feedback_url", None, ("feedback_days", "answer_days", "feedback_migrate")),
    _Switch("callback_secret", None, ("callback_hosts",)),
    _Switch(
        "drift",
        False,
        (
            "drift_reference",
            "drift_window",
            "drift_recordings_window",
            "drift_threshold",
            "drift_significance",
        ),
    ),
    _Switch("max_live_sessions", 0, ("max_live_seconds", "live_idle_seconds", "token_secret")),
    _Switch("log_format", "text", ("log_trace_project",)),
)


def without_effect(settings: BaseSettings, prefix: str) -> Iterator[str]:
    """A line for each setting that was set, although the one that it belongs to is off.

    Args:
        settings: all settings of the service.
        prefix: of their variables.
    """
    for switch in _SWITCHES:
        if getattr(settings, switch.name) != switch.off:
            continue
        variable = f"{prefix}{switch.name}".upper()
        state = "without" if switch.off is None else "while"
        value = "" if switch.off is None else f" is {str(switch.off).lower()}"
        for name in switch.settings:
            # an empty list is how a variable says that it is not meant
            if name in settings.model_fields_set and getattr(settings, name) != []:
                yield (
                    f"{prefix}{name}".upper() + " cannot be used: it has no effect "
                    f"{state} {variable}{value}. Correct or unset it."
                )
