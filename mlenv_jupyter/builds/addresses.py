"""Where an index has the files of a lock, for a lock that goes to another tool."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.explain import explain
from mlenv_jupyter.builds.pipeline import environment_for
from mlenv_jupyter.builds.resolve import ToolFailed, resolve, storable
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.universal import UniversalLock
from mlenv_jupyter.store.places import Places


def addresses_of(
    definition: Definition, lock: UniversalLock, places: Places, work: Path
) -> dict[str, str]:
    """The address of each file by sha256; those that need a password or signature are left out.

    Raises BuildFailed with the reason where the index cannot be asked.
    """
    uv = pythons.find_uv()
    env = environment_for(definition, places)
    python = pythons.find(definition.python, uv=uv, directory=places.pythons, env=env)
    asked = [
        f"{one.name}=={one.version}" + (f" ; {one.marker}" if one.marker else "")
        for one in lock.packages
        if not one.source
    ]
    pinned = msgspec.structs.replace(
        definition, pip=msgspec.structs.replace(definition.pip, requirements=tuple(asked), pre=True)
    )
    try:
        _, addresses = resolve(pinned, python, uv=uv, work=work, env=env)
    except ToolFailed as failed:
        problem = explain("resolving", [line.text for line in failed.lines], definition)
        raise BuildFailed.of(problem) from failed
    return storable(addresses)
