"""Prefixes and kernel layers on disk: where they are, how they are committed and removed."""
