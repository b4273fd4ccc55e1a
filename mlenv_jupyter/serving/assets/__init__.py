"""Files that are copied to where a model is served; they need the environment and its layer."""
