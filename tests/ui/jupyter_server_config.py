"""The server of the browser tests: JupyterLab as Galata wants it, with mlenv as anybody has it."""

import os
from typing import Any

from jupyterlab.galata import configure_jupyter_server

config: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter puts it there

configure_jupyter_server(config)
config.ServerApp.port = int(os.environ["MLENV_UI_PORT"])
config.ServerApp.allow_root = True
if os.environ.get("DOCKER_HOST"):
    # What is built as an image, and names nothing to be built on.
    config.Workspace.base_image = "mlenv/test-base:1"
config.LabApp.workspaces_dir = os.environ["MLENV_UI_ROOT"] + "-workspaces"
