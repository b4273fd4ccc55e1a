"""Finding the environments that are on this machine already: read only, by their files."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mlenv_jupyter.builds.existing import count_of, python_of
from mlenv_jupyter.core.existing import Existing, ExistingKind

NEAR = (".venv", "venv", "env", ".env")
MOST = 200
"""Entries of one directory that are looked at: a home on a network must not hold up a list."""

CONDA_ROOTS = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda")


class _Kernel(NamedTuple):
    name: str
    display_name: str
    prefix: Path


def find_existing(near: Path, *, without: Iterable[Path] = ()) -> tuple[Existing, ...]:
    """Every environment that can be found from a directory and this user's settings.

    In this order: the Python that runs this, venvs near the directory, those that kernels start,
    virtualenvwrapper's, conda's, pyenv's. What is below ``without`` (mlenv's own) is left out.
    """
    ours = [os.path.realpath(one) + os.sep for one in without]
    found: dict[str, Existing] = {}
    kernels: dict[str, list[str]] = {}
    started = list(_kernels())
    for kernel in started:
        kernels.setdefault(os.path.realpath(kernel.prefix), []).append(kernel.display_name)
    candidates: Iterator[tuple[ExistingKind, str, Path]] = _candidates(near, started)
    for kind, name, prefix in candidates:
        real = os.path.realpath(prefix)
        if real in found or any((real + os.sep).startswith(one) for one in ours):
            continue
        version = python_of(prefix)
        if version is not None:
            found[real] = Existing(
                id=hashlib.sha256(os.fsencode(real)).hexdigest()[:16],
                kind=kind,
                name=name,
                prefix=str(prefix),
                python=version,
                packages=count_of(prefix),
                kernels=tuple(sorted(kernels.get(real, ()))),
            )
    return tuple(found.values())


def _candidates(near: Path, kernels: Iterable[_Kernel]) -> Iterator[tuple[ExistingKind, str, Path]]:
    home = Path.home()
    yield "server", "Jupyter's own Python", Path(sys.prefix)
    active = os.environ.get("VIRTUAL_ENV")
    if active:
        yield "venv", _called(Path(active)), Path(active)
    for place in _near(near, home):
        if (place / "pyvenv.cfg").is_file():
            yield "venv", _called(place), place
    for place in _below(os.environ.get("WORKON_HOME") or home / ".virtualenvs"):
        yield "venv", place.name, place
    for shared in (".local/share/virtualenvs", ".cache/pypoetry/virtualenvs"):
        for place in _below(home / shared):
            yield "venv", place.name, place
    for place in _conda(home):
        yield "conda", "base" if (place / "condabin").is_dir() else place.name, place
    for place in _below(Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"):
        for inner in _below(place / "envs"):
            yield "venv", inner.name, inner
        if (place / "pyvenv.cfg").is_file():
            yield "venv", place.name, place
        else:
            yield "pyenv", f"Python {place.name}", place
    for kernel in kernels:
        kind: ExistingKind = "python"
        if (kernel.prefix / "conda-meta").is_dir():
            kind = "conda"
        elif (kernel.prefix / "pyvenv.cfg").is_file():
            kind = "venv"
        yield kind, kernel.display_name, kernel.prefix


def _near(near: Path, home: Path) -> Iterator[Path]:
    """Here, one directory below, and on the way up to the home."""
    upwards = [near]
    for parent in near.parents:
        if parent in (home, home.parent) or not near.is_relative_to(home):
            break
        upwards.append(parent)
    for place in upwards:
        for name in NEAR:
            yield place / name
    for place in _below(near):
        yield place
        for name in NEAR:
            yield place / name


def _conda(home: Path) -> Iterator[Path]:
    try:
        listed = (home / ".conda" / "environments.txt").read_text(errors="replace").split("\n")
    except OSError:
        listed = []
    places = [Path(one.strip()) for one in listed if one.strip()]
    roots = [home / one for one in CONDA_ROOTS]
    for variable in ("CONDA_PREFIX", "MAMBA_ROOT_PREFIX", "CONDA_ROOT"):
        if os.environ.get(variable):
            roots.append(Path(os.environ[variable]))
    if os.environ.get("CONDA_EXE"):
        roots.append(Path(os.environ["CONDA_EXE"]).parent.parent)
    for root in roots:
        places += [root, *_below(root / "envs")]
    for shared in os.environ.get("CONDA_ENVS_PATH", "").split(os.pathsep):
        places += _below(shared) if shared else []
    return (one for one in places if (one / "conda-meta").is_dir())


def _kernels() -> Iterator[_Kernel]:
    """The kernelspecs that start a Python which is not mlenv's."""
    from jupyter_core.paths import jupyter_path

    seen = set()
    for directory in jupyter_path("kernels"):
        for place in _below(directory):
            if place.name in seen:
                continue
            seen.add(place.name)
            try:
                found = json.loads((place / "kernel.json").read_bytes())
                first = str(found["argv"][0])
                if str(found.get("language", "")).lower() != "python":
                    continue
                if "mlenv" in (found.get("metadata") or {}):
                    continue
            except (OSError, ValueError, KeyError, IndexError, TypeError):
                continue
            # A bare «python» is that of the server, which is what jupyter_client makes of it.
            prefix = Path(first).parent.parent if os.path.isabs(first) else Path(sys.prefix)
            yield _Kernel(place.name, str(found.get("display_name", place.name)), prefix)


def _below(place: str | Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            found = [Path(one.path) for one in entries if one.is_dir()]
    except OSError:
        return []
    return sorted(found)[:MOST]


def _called(venv: Path) -> str:
    """A venv by the project that it is in, where its own name says nothing."""
    return venv.parent.name or venv.name if venv.name in NEAR else venv.name
