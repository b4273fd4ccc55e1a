"""Private wheels in a build: asked for by their files, locked by their hashes alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from mlenv_jupyter.core.checks import wheel_package
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.universal import LockedFile, UniversalLock
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.wheels import Wheels


def private_wheels(definition: Definition, places: Places) -> dict[str, Path]:
    """Where the private wheels of a definition are, by sha256.

    Raises Unavailable for one that this workspace does not have.
    """
    wheels = Wheels(places)
    return {one.sha256: wheels.path(one) for one in definition.wheels}


def wheel_requirements(wheels: Mapping[str, Path]) -> list[str]:
    """The lines for uv that ask for these wheels and no others of their names."""
    return [f"{wheel_package(path.name)} @ {path.as_uri()}" for path in wheels.values()]


def wheel_addresses(wheels: Mapping[str, Path]) -> dict[str, str]:
    """Where uv finds each of them here, by sha256."""
    return {sha256: path.as_uri() for sha256, path in wheels.items()}


def without_places(lock: UniversalLock, wheels: Mapping[str, Path]) -> UniversalLock:
    """The lock with private wheels known by their hash: where they are is this machine's own."""
    by_name = {wheel_package(path.name): (sha256, path) for sha256, path in wheels.items()}
    packages = []
    for package in lock.packages:
        if package.name in by_name:
            sha256, path = by_name[package.name]
            file = LockedFile(filename=path.name, sha256=sha256, size=path.stat().st_size)
            package = msgspec.structs.replace(package, files=(file,), source=None)
        packages.append(package)
    return msgspec.structs.replace(lock, packages=tuple(packages))
