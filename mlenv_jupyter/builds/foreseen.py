"""What a lock will come to on this machine: told before anything is built."""

from __future__ import annotations

import sysconfig

from packaging.specifiers import SpecifierSet

from mlenv_jupyter.builds.python import Python, default_version, markers_of
from mlenv_jupyter.builds.resolve import choose, lock_for
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.universal import UniversalLock


def foreseen(lock: UniversalLock, definition: Definition) -> tuple[LockedPackage, ...] | None:
    """The packages that a build of a pip definition will install here, without who requires whom.

    CPython of the minor version that is asked for, this one where none is. None where the lock has
    no files for it, and for definitions whose packages another Python chooses: conda's, an image's.
    """
    if definition.kind != "pip" or lock.conda:
        return None
    python = _cpython(definition.python or default_version())
    if python is None or python.version not in SpecifierSet(lock.requires_python):
        return None
    try:
        return lock_for(definition, choose(lock, python), python).packages
    except Unavailable:
        return None


def _cpython(asked: str) -> Python | None:
    """The Python of a version as it would be here, without looking for one; None for others."""
    numbers = asked.split(".")
    if len(numbers) < 2 or not all(one.isdigit() for one in numbers):
        return None
    version = asked if len(numbers) > 2 else f"{asked}.0"
    return Python(
        executable="",
        version=version,
        implementation="cpython",
        cache_tag="",
        platform=sysconfig.get_platform(),
        markers=markers_of(version),
    )
