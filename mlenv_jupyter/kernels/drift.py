"""What a running kernel has beyond its Version, seen from outside: nothing is run in the kernel."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.kernels.overlays import Overlay, list_overlays


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A package that is in the kernel alone, or in the version alone."""

    name: str
    version: str


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A package that is there in another version."""

    name: str
    before: str
    after: str


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """The difference, each part sorted by name; ``notebook`` is None for a temporary overlay."""

    name: str
    version: str
    added: tuple[Package, ...]
    removed: tuple[Package, ...]
    changed: tuple[Changed, ...]
    notebook: str | None


class Drifts:
    """The drift of the kernels that run in the overlays of one store."""

    def __init__(self, overlays: Path) -> None:
        self._overlays = overlays

    def of(self, kernel_name: str, *, pid: int | None, notebook: str | None) -> Drift:
        """The drift of one kernel, found by its process, else by its notebook; raises NotFound."""
        found = [one for one in list_overlays(self._overlays) if one.kernel_name == kernel_name]
        place = _virtual_environment(pid)
        here = [one for one in found if os.fspath(one.place) == place]
        if not place and notebook:
            here = [one for one in found if one.notebook == notebook and one.in_use]
        if not here:
            raise NotFound(
                "This kernel has no packages of its own on this machine.",
                code="no_overlay",
                remedy="`%mlenv drift` in a cell tells what a container's kernel has.",
            )
        return drift_of(here[0])


def drift_of(overlay: Overlay) -> Drift:
    """What an overlay and all that it chains hold, beside the version's prefix and layer.

    ``magics/drift.py`` says the same from inside, and a test holds the two together. Raises
    NotFound where the overlay has gone since.
    """
    try:
        record = json.loads((overlay.place / "overlay.json").read_bytes())["record"]
        packages, layer = Path(record["site_packages"]), record.get("layer")
        behind = [Path(layer)] if layer else []
        own = overlay.place / os.path.relpath(packages, record["prefix"])
        # In the order of sys.path.
        found = _installed([own, *([] if overlay.promoted else [packages]), *behind])
        prefix, layered = _installed([packages]), _installed(behind)
    except (OSError, ValueError, KeyError):
        raise NotFound("The overlay of this kernel is gone.", code="no_overlay") from None
    known = {**layered, **prefix}
    added = [one for key, one in found.items() if key not in known]
    changed = [
        Changed(name=one.name, before=known[key].version, after=one.version)
        for key, one in found.items()
        if key in known and one.version not in _versions(key, prefix, layered)
    ]
    removed = [
        Package(name=key, version=one.version) for key, one in prefix.items() if key not in found
    ]
    return Drift(
        name=overlay.name,
        version=overlay.version,
        added=tuple(sorted(added, key=lambda one: one.name)),
        removed=tuple(sorted(removed, key=lambda one: one.name)),
        changed=tuple(sorted(changed, key=lambda one: one.name)),
        notebook=overlay.notebook,
    )


def _installed(places: Iterable[Path]) -> dict[str, Package]:
    found: dict[str, Package] = {}
    for place in places:
        for entry in os.listdir(place):
            if entry.endswith(".dist-info"):
                name, _, version = entry.removesuffix(".dist-info").partition("-")
                one = Package(name=name.replace("_", "-"), version=version)
                found.setdefault(canonicalize_name(name), one)
    return found


def _virtual_environment(pid: int | None) -> str:
    """The overlay that a process was started in; '' where that cannot be told."""
    try:
        data = Path(f"/proc/{int(pid or 0)}/environ").read_bytes()
    except OSError:
        return ""
    for pair in data.split(b"\0"):
        if pair.startswith(b"VIRTUAL_ENV="):
            return os.fsdecode(pair.partition(b"=")[2])
    return ""


def _versions(key: str, *places: dict[str, Package]) -> set[str]:
    return {one[key].version for one in places if key in one}
