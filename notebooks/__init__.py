"""Jupyter notebooks, and the command that executes them (`make notebooks`)."""
