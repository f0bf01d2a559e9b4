"""Drift: whether the inputs and predictions of the service still look like a reference.

Only numbers are kept: counts by histogram bin, and moments of the logits. No text is.
"""
