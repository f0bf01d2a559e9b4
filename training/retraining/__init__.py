"""Retrain the head of the served emotion classifier on labelled texts: docs/retraining.md."""
