"""Train and evaluate the summarizer: a small T5 that rewrites spoken sentences cleanly."""
