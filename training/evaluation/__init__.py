"""Evaluate the transcriber and the detection of trends."""
