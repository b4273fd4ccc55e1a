# Creates the environment inside a Docker container.
myenv.docker.enabled = True
