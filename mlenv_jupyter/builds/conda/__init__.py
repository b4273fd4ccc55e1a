"""conda environments without conda: solved and installed with rattler, pip's part with uv."""
