"""A model in a Version, answering HTTP."""
