"""Comparison of SAMO with other servers of the same emotion model."""
