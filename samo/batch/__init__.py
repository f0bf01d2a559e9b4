"""`samo batch`: many entries at once, by the same pipeline."""
