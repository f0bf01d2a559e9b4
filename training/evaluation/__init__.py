"""Evaluate the transcriber."""
