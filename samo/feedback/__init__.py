"""Feedback on predictions: what people say was right, beside what the service predicted."""
