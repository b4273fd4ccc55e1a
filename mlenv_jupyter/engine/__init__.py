"""The one door to a container engine: connecting, and moving images to and from registries."""
