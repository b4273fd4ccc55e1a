"""What a lock will come to on this machine: told before anything is built."""

from __future__ import annotations

import sys

from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.tags import compatible_tags, cpython_tags, platform_tags

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.universal import UniversalLock, locked, select


def foreseen(lock: UniversalLock, definition: Definition) -> tuple[LockedPackage, ...] | None:
    """The packages that a build of a pip definition will install here, without who requires whom.

    CPython of the minor version that is asked for, this one where none is. None where the lock has
    no files for it, and for definitions whose packages another Python chooses: conda's, an image's.
    """
    if definition.kind != "pip" or lock.conda:
        return None
    minor = definition.python or f"{sys.version_info.major}.{sys.version_info.minor}"
    numbers = minor.split(".")
    if len(numbers) < 2 or not all(one.isdigit() for one in numbers):
        return None
    version = (int(numbers[0]), int(numbers[1]))
    full = minor if len(numbers) > 2 else f"{minor}.0"
    if full not in SpecifierSet(lock.requires_python):
        return None
    name = f"cp{version[0]}{version[1]}"
    platforms = list(platform_tags())
    tags = [
        *cpython_tags(version, [name], platforms),
        *compatible_tags(version, name, platforms),
    ]
    markers = {key: str(value) for key, value in default_environment().items()}
    markers |= {"python_version": ".".join(numbers[:2]), "python_full_version": full}
    try:
        return locked(select(lock, markers, tags), frozenset(definition.wanted))
    except Unavailable:
        return None
