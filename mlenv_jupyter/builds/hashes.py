"""The hashes that a definition asks for: no other file of such a package is locked."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.universal import UniversalPackage

_KIND = "sha256:"


def hashed(
    packages: Iterable[UniversalPackage], definition: Definition
) -> tuple[UniversalPackage, ...]:
    """The packages with those of their files that may be taken; raises BuildFailed for one of none.

    An index has sha256 only: other kinds say nothing here.
    """
    made = []
    for package in packages:
        asked = definition.pip.hashes.get(package.name, ())
        wanted = {one[len(_KIND) :] for one in asked if one.startswith(_KIND)}
        files = tuple(one for one in package.files if one.sha256 in wanted)
        if wanted and not files:
            raise BuildFailed(
                f"No file of {package.name} {package.version} has a hash that is asked for.",
                code="hash_mismatch",
                where=package.name,
                remedy="Ask for the version that the hashes are of, or take them out.",
            )
        made.append(msgspec.structs.replace(package, files=files) if wanted else package)
    return tuple(made)
