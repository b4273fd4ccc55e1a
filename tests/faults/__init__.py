"""Processes that die, calls that fail and downloads that are cut, at every step."""
