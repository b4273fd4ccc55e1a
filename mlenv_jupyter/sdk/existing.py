"""Environments that are on this machine already, found and read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mlenv_jupyter.builds.existing import read_prefix
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.sdk.checked import warn


def read(prefix: Path) -> Definition:
    """What was asked for in an environment, pinned. Raises NotFound, InvalidRequest.

    Warns of what cannot be made again elsewhere.
    """
    found = read_prefix(prefix)
    for one in found.report.refused:
        warn(f"Left out: {one}")
    return found.definition


def find_conda(name: str) -> Path:
    """The directory of a conda environment, by its name or itself; raises NotFound."""
    if os.sep in name:
        return Path(name).expanduser()
    known = _environments()
    for one in known:
        if one.name == name:
            return one
    for root in _roots(known):
        # conda calls its own installation so.
        if name in ("base", "root"):
            return root
    there = ", ".join(sorted({one.name for one in known}))
    raise NotFound(
        f"There is no conda environment {name!r}.",
        where="conda_environment_name",
        remedy=f"There are {there}." if there else "Name its directory.",
    )


def _environments() -> list[Path]:
    """Every conda environment that conda's own files and places know of."""
    found: dict[Path, None] = {}
    try:
        listed = (Path.home() / ".conda" / "environments.txt").read_text(errors="replace")
    except OSError:
        listed = ""
    for line in listed.splitlines():
        if line.strip():
            found[Path(line.strip())] = None
    for variable in ("CONDA_PREFIX", "MAMBA_ROOT_PREFIX", "CONDA_ROOT"):
        if place := os.environ.get(variable):
            found[Path(place)] = None
    if (Path(sys.prefix) / "conda-meta").is_dir():
        found[Path(sys.prefix)] = None
    for directory in filter(None, os.environ.get("CONDA_ENVS_PATH", "").split(os.pathsep)):
        found.update(dict.fromkeys(_inside(Path(directory))))
    for root in _roots(list(found)) + [
        Path.home() / one
        for one in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda")
    ]:
        found[root] = None
        found.update(dict.fromkeys(_inside(root / "envs")))
    return [one for one in found if (one / "conda-meta").is_dir()]


def _roots(known: list[Path]) -> list[Path]:
    """The installations that environments belong to."""
    roots = [one.parent.parent if one.parent.name == "envs" else one for one in known]
    return [one for one in dict.fromkeys(roots) if (one / "conda-meta").is_dir()]


def _inside(directory: Path) -> list[Path]:
    try:
        return sorted(one for one in directory.iterdir() if one.is_dir())
    except OSError:
        return []
