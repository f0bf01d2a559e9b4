"""Scaling: CPU seconds per request, a simulation of Cloud Run's autoscaler, and costs."""
