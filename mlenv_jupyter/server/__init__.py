"""The Jupyter server extension: REST, streams and events over one Workspace."""
