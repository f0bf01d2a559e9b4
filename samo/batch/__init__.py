"""`samo batch`: analyse many entries in one batch run, with the pipeline of the service."""
