"""Measurements beside peers, as ratios from one shuffled run: ``python -m bench``."""
