"""Every package resolved: the universal lock, and what it comes to on one platform."""

from __future__ import annotations

from typing import Literal

import msgspec

from mlenv_jupyter.core.sections import SparkSection


def image_platform(platform: str | None, machine: str) -> str:
    """The platform of an image's lock: ``image-linux-x86_64`` for ``linux/amd64``.

    ``machine`` is the one that the engine runs on, for a definition that names no platform.
    """
    named = (platform or "").partition("/")[2].partition("/")[0]
    known = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}
    return f"image-linux-{known.get(named, named) or known.get(machine, machine)}"


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a Lock: the file chosen here, and why it is there."""

    name: str
    version: str
    sha256: str
    filename: str
    size: int | None = None
    direct: bool = False
    required_by: tuple[str, ...] = ()
    installer: Literal["pip", "conda"] = "pip"


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Every package, exact, with hashes, for one platform and one exact Python.

    ``base`` is the image that an image is built on: ``repository@sha256:…``, ``sha256:…`` for one
    that is in no registry, ``definition@…`` for one that the definition itself says how to build.
    ``spark`` are the Maven packages that go with it, whose versions are exact as they are.
    """

    python: str
    implementation: str
    platform: str
    packages: tuple[LockedPackage, ...] = ()
    base: str | None = None
    spark: SparkSection | None = None

    def versions(self) -> dict[str, str]:
        """Version by name."""
        return {one.name: one.version for one in self.packages}
