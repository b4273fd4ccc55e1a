"""Kernels that a Jupyter server starts before anybody asks for them."""
