"""The environment that a command sees in a prefix."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# They would make the prefix's Python look elsewhere for its packages.
REMOVED = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")


def environment_in(
    prefix: Path,
    variables: Mapping[str, str],
    source: Mapping[str, str],
    activation: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, str]:
    """The whole environment: ``source`` with the prefix first on the PATH, then the variables.

    ``activation`` is that of the commit record: it says what is set where the prefix is no venv.
    """
    made = {name: value for name, value in source.items() if name not in REMOVED}
    made.pop("VIRTUAL_ENV", None)
    made = activated(activation or {}, made)
    if "CONDA_PREFIX" not in (activation or {}):
        made["VIRTUAL_ENV"] = str(prefix)
    made["PATH"] = os.pathsep.join([str(prefix / "bin"), made.get("PATH", os.defpath)])
    made.update(variables)
    return made


def activated(
    activation: Mapping[str, tuple[str, ...]], source: Mapping[str, str]
) -> dict[str, str]:
    """``source`` with what a commit record's activation sets (``start.py`` does it by itself)."""
    made = dict(source)
    for name, (value, *around) in activation.items():
        before = made.get(name)
        made[name] = around[0] + before + around[1] if around and before else value
    return made


# The same as in kernels/assets/start.py, which stands alone: a test holds them equal.
DENIED = frozenset(
    [
        "JPY_API_TOKEN",
        "JUPYTER_TOKEN",
        "JUPYTER_PASSWORD",
        "CONFIGPROXY_AUTH_TOKEN",
        "PYTHONHOME",
        "PYTHONPATH",
        "__PYVENV_LAUNCHER__",
        "VIRTUAL_ENV_PROMPT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_SYSTEM_PYTHON",
    ]
)
DENIED_PREFIXES = ("JUPYTERHUB_", "MLENV_", "_MLENV_", "CONFIGPROXY_")
ALLOWED = frozenset(
    [
        "JUPYTERHUB_USER",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTERHUB_BASE_URL",
        "JUPYTERHUB_SERVER_NAME",
        "MLENV_HOME",
        "MLENV_STORE",
        "MLENV_WIDGETS",
    ]
)


def inherited(source: Mapping[str, str]) -> dict[str, str]:
    """What a script sees of the environment of whoever submits it: no server's credentials."""
    return {
        name: value
        for name, value in source.items()
        if name in ALLOWED or not (name in DENIED or name.startswith(DENIED_PREFIXES))
    }
