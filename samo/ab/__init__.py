"""Two emotion models side by side: who gets which, and which agrees more with the feedback."""
