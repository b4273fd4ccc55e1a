"""What says which packages a notebook needs that remembers no environment: what is beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlenv_jupyter.core.names import NAME

FILES = (
    "environment.yml",
    "environment.yaml",
    "pixi.toml",
    "pyproject.toml",
    "uv.lock",
    "pixi.lock",
    "Pipfile",
    "requirements.txt",
)
"""The first that is there counts; what is wanted comes before what was locked."""
FOLDERS = ("binder", ".binder")
"""Binder looks nowhere else where one of these is."""
MAX_PYPROJECT = 1_000_000
_LISTS = re.compile(r"^\[(?:project|tool\.pixi|tool\.poetry)[\].]", re.MULTILINE)
_PYTHON = re.compile(r"python[\d.]*|ir|\.?venv|conda-root-.*")
_CONDA = re.compile(r"conda-env-(.+)-py\d*")


def beside(notebook: Path) -> Path | None:
    """The file or directory beside a notebook that lists packages, as Binder looks for it."""
    for name in FOLDERS:
        if (notebook.parent / name).is_dir():
            return notebook.parent / name
    for name in FILES:
        path = notebook.parent / name
        if path.is_file() and (name != "pyproject.toml" or _lists(path)):
            return path
    return None


def named_by(notebook: Any) -> str | None:
    """The environment that the notebook's kernel is named after, where that is none of a Python."""
    spec = notebook.metadata.get("kernelspec")
    kernel = spec.get("name") if isinstance(spec, dict) else None
    if not isinstance(kernel, str) or _PYTHON.fullmatch(kernel):
        return None
    conda = _CONDA.fullmatch(kernel)
    name = conda[1] if conda else kernel
    return name if NAME.fullmatch(name) else None


def _lists(path: Path) -> bool:
    """Whether a pyproject.toml lists packages: most only configure tools."""
    try:
        with path.open(encoding="utf-8") as file:
            return _LISTS.search(file.read(MAX_PYPROJECT)) is not None
    except (OSError, UnicodeDecodeError):
        return False
