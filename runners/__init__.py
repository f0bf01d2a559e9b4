"""One class a model, the same verbs for each, and the batching around them."""
