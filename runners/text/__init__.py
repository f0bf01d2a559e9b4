"""Text processing that the models depend on: sentences, lists, emoji."""
