"""From the text of an entry to its insight: split, classify, aggregate, explain, summarize."""
