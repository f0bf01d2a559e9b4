"""From text to insight: reading, classification, explanation, grouping."""
