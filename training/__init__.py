"""How the committed checkpoints were made. Not shipped."""
