"""What the command and the server are both told: ``jupyter_mlenv_config.py`` or ``.json``."""

from __future__ import annotations

from traitlets.config import Config
from traitlets.config.loader import (
    ConfigFileNotFound,
    JSONFileConfigLoader,
    PyFileConfigLoader,
)

from mlenv_jupyter.core.errors import InvalidRequest

NAME = "jupyter_mlenv_config"


def shared_config() -> Config:
    """``c.Workspace.…`` of every directory that Jupyter looks in, the user's last.

    A server reads the same files, beside its own. Raises InvalidRequest for one that is broken.
    """
    from jupyter_core.paths import jupyter_config_path

    made = Config()
    for place in reversed(jupyter_config_path()):
        for loader in (JSONFileConfigLoader, PyFileConfigLoader):
            suffix = ".json" if loader is JSONFileConfigLoader else ".py"
            try:
                made.merge(loader(NAME + suffix, path=place).load_config())
            except ConfigFileNotFound:
                continue
            except Exception as error:
                raise InvalidRequest(
                    f"{NAME}{suffix} in {place} cannot be read: {error}.",
                    where=place,
                    remedy="Correct it, or move it away.",
                ) from error
    return made
