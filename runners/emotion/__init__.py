"""The emotion classifier: the model, its calibration and what its outputs mean."""
