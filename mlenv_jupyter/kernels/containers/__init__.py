"""Kernels in containers: what may be asked of the engine, the launcher, and what it leaves."""
