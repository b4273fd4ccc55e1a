"""Every package resolved: the universal lock, and what it comes to on one platform."""

from __future__ import annotations

import msgspec


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a Lock: the file chosen here, and why it is there."""

    name: str
    version: str
    sha256: str
    filename: str
    size: int | None = None
    direct: bool = False
    required_by: tuple[str, ...] = ()


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Every package, exact, with hashes, for one platform and one exact Python."""

    python: str
    implementation: str
    platform: str
    packages: tuple[LockedPackage, ...] = ()

    def versions(self) -> dict[str, str]:
        """Version by name."""
        return {one.name: one.version for one in self.packages}
