"""SAMO: from a spoken or typed journal entry to its emotional insight."""
