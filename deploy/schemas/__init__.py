"""Strict schemas of what others define, derived from the packages in which they publish it."""
