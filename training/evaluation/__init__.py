"""What the models are worth, measured: each module is a command that prints its figures."""
