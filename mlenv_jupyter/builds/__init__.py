"""Definition → Lock → Prefix: resolve, install, the worker that does it, and its log."""
