"""What an operator sees of the service. It contains no user text."""
