"""Steady load while faults are thrown: `make chaos`."""
