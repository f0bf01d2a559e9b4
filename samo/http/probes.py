"""The paths that orchestrators and Prometheus ask again and again."""

from typing import Final

# Served at any number of connections: an orchestrator restarts an instance whose probes fail.
PROBES: Final = frozenset({"/healthz", "/livez", "/metrics", "/readyz"})
