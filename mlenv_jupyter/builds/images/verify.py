"""Comparing what is in an image with what was locked."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.builds.images.probe import Installed
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import Lock, LockedPackage


def verified(
    lock: Lock, installed: dict[str, Installed], *, own: bool, conda: Collection[str] = ()
) -> tuple[LockedPackage, ...]:
    """The packages of an image, with who requires whom; all that is there where ``own``.

    ``conda`` are the conda packages in it, as ``name-version-build``.
    Raises BuildFailed for one that was locked and is not there as it was locked.
    """
    there = {canonicalize_name(name): one for name, one in installed.items()}
    for one in lock.packages:
        if one.installer == "conda":
            if one.filename.removesuffix(".conda").removesuffix(".tar.bz2") not in conda:
                raise BuildFailed(
                    f"{one.name} {one.version} was locked, and the image has it not.",
                    where=one.name,
                    remedy="Build again without the cache: `mlenv build --no-cache`.",
                )
            continue
        found = there.get(canonicalize_name(one.name))
        if found is None or (one.version and found.version != one.version):
            has = f"has {found.version}" if found else "has none"
            raise BuildFailed(
                f"{one.name} {one.version} was locked, and the image {has}.",
                where=one.name,
                remedy="Build again without the cache: `mlenv build --no-cache`.",
            )
    required_by: dict[str, set[str]] = {}
    for name, package in there.items():
        for line in package.requires:
            try:
                wanted = Requirement(line)
            except InvalidRequirement:
                continue
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                required_by.setdefault(canonicalize_name(wanted.name), set()).add(name)
    packages = list(lock.packages)
    if own:
        packages = [
            LockedPackage(name=name, version=one.version, sha256="", filename="", direct=one.asked)
            for name, one in sorted(there.items())
        ]
    return tuple(
        msgspec.structs.replace(
            one,
            required_by=tuple(sorted({*one.required_by, *required_by.get(one.name, ())}))
            if one.installer == "conda"
            else tuple(sorted(required_by.get(one.name, ()))),
        )
        for one in packages
    )
