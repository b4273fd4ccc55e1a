"""A command in a Version."""
