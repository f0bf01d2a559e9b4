"""How the summarizer's checkpoint was made and measured."""
