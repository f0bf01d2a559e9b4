"""Live speech under load: delay, stability, word error rate and cost."""
