"""The environment that a command sees in a prefix."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# They would make the prefix's Python look elsewhere for its packages.
REMOVED = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")


def environment_in(
    prefix: Path, variables: Mapping[str, str], source: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment: ``source`` with the prefix first on the PATH, then the variables."""
    made = {name: value for name, value in source.items() if name not in REMOVED}
    made["VIRTUAL_ENV"] = str(prefix)
    made["PATH"] = os.pathsep.join([str(prefix / "bin"), source.get("PATH", os.defpath)])
    made.update(variables)
    return made
