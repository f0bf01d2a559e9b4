"""The panels of the dashboard: what each shows, and its queries in PromQL.

`dashboard` makes Grafana's JSON from them, and `pictures` draws the same queries.
"""

from __future__ import annotations

from typing import Final

from monitoring.panel import Panel
from monitoring.panels.features import DRIFT_JOBS_LIVE, EXPERIMENT, FEEDBACK
from monitoring.panels.models import MODELS, RESULTS
from monitoring.panels.service import PROCESS, REQUESTS, SERVICE_LEVEL

ROWS: Final = (
    SERVICE_LEVEL,
    REQUESTS,
    MODELS,
    RESULTS,
    DRIFT_JOBS_LIVE,
    FEEDBACK,
    EXPERIMENT,
    PROCESS,
)


def all_panels() -> list[Panel]:
    """The panels of all rows."""
    return [panel for row in ROWS for panel in row.panels]
