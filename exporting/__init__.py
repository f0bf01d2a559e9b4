"""From a checkpoint to the small, verified model that is stored and served."""
