"""SAMO: from a spoken or typed journal entry to its emotional insight."""

__version__ = "0.1.0"
