"""Bulk re-analysis: `samo batch IN OUT` gives a million entries the service's own answers."""
