"""Files that are copied to where a script runs; they need nothing but a Python."""
