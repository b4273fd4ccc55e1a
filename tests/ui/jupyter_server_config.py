"""The server of the browser tests: JupyterLab as Galata wants it, with mlenv as anybody has it."""

import os
from typing import Any

from jupyter_server.auth import Authorizer
from jupyterlab.galata import configure_jupyter_server

config: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter puts it there


class ReaderByCookie(Authorizer):
    """Whoever has the cookie may look at what mlenv keeps, and change none of it."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Everybody else may do everything, as without an authorizer."""
        reads = handler.get_cookie("mlenv-reader") is not None
        return not (reads and resource == "mlenv" and action == "write")


configure_jupyter_server(config)
config.ServerApp.authorizer_class = ReaderByCookie
config.ServerApp.port = int(os.environ["MLENV_UI_PORT"])
config.ServerApp.allow_root = True
if os.environ.get("DOCKER_HOST"):
    # What is built as an image, and names nothing to be built on.
    config.Workspace.base_image = "mlenv/test-base:1"
config.LabApp.workspaces_dir = os.environ["MLENV_UI_ROOT"] + "-workspaces"
