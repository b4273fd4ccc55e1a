"""What a kernel has beyond its Version, and what it has no longer: from inside and from outside.

Part of the launcher, which has it among the modules of ``%mlenv``; standard library only, Python
3.8 and later.
"""

from __future__ import annotations

import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NamedTuple

    class Package(NamedTuple):
        """What is installed; ``info`` is its dist-info directory."""

        name: str
        version: str
        info: str

else:
    from collections import namedtuple

    Package = namedtuple("Package", "name version info")


class Drift:
    """The difference between what is installed and a version; each list is sorted by name."""

    def __init__(
        self,
        added: list[Package],
        changed: list[tuple[Package, str]],
        removed: list[tuple[str, str]],
    ) -> None:
        self.added = added
        self.changed = changed
        """With the version that was locked."""
        self.removed = removed
        """Name and the version that was locked."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def text(self) -> str:
        """One line; '' if nothing differs."""
        parts = []
        if self.added:
            names = ", ".join(f"{one.name} {one.version}" for one in self.added)
            parts.append(f"+{_packages(self.added)}: {names}")
        if self.changed:
            names = ", ".join(f"{one.name} {was} → {one.version}" for one, was in self.changed)
            parts.append(f"~{_packages(self.changed)}: {names}")
        if self.removed:
            names = ", ".join(name for name, _ in self.removed)
            parts.append(f"−{_packages(self.removed)}: {names}")
        return "; ".join(parts)


def between(record: dict[str, Any], path: Iterable[str]) -> Drift:
    """What is installed on a ``sys.path`` beside what the version's prefix and layer hold.

    Not beside the lock: a base image has more in it, and conda has other names for packages.
    """
    prefix, layer = _before(record)
    found = installed(record, path)
    added, changed = [], []
    for key, one in sorted(found.items()):
        known = [each[key] for each in (prefix, layer) if key in each]
        if not known:
            added.append(one)
        elif one.version not in known:
            changed.append((one, known[0]))
    gone = [(key, version) for key, version in sorted(prefix.items()) if key not in found]
    return Drift(added, changed, gone)


def of_overlay(described: dict[str, Any], overlay: str) -> Drift:
    """The same of an overlay that is seen from outside of its kernel; ``described`` is its JSON."""
    record = dict(described["record"], overlay=overlay)
    packages, layer = record["site_packages"], record.get("layer")
    own = os.path.join(overlay, os.path.relpath(packages, record["prefix"]))
    promoted = os.path.exists(os.path.join(overlay, "promoted"))
    # As sys.path has them in the kernel.
    return between(record, [own, *([] if promoted else [packages]), *([layer] if layer else [])])


def _before(record: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The versions in prefix and layer, by key; what is locked where they are not to be had."""
    packages, layer = record.get("site_packages"), record.get("layer")
    if packages and os.path.isdir(packages):
        places = [[packages], [layer] if layer else []]
        first, second = (installed(record, one) for one in places)
        versions = [{key: one.version for key, one in each.items()} for each in (first, second)]
        return versions[0], versions[1]
    locked = {key_of(name): version for name, version in record["packages"].items()}
    behind = record.get("layer_packages") or {}
    return locked, {key_of(name): version for name, version in behind.items()}


def installed(record: dict[str, Any], path: Iterable[str]) -> dict[str, Package]:
    """The packages in overlay, prefix and layer, by key; what comes first on the path counts."""
    inside = tuple(record[one] for one in ("overlay", "prefix", "layer") if record.get(one))
    found: dict[str, Package] = {}
    for place in path:
        if not place.startswith(inside) or not os.path.isdir(place):
            continue
        for entry in os.listdir(place):
            if entry.endswith(".dist-info"):
                name, _, version = entry[: -len(".dist-info")].partition("-")
                one = Package(name.replace("_", "-"), version, os.path.join(place, entry))
                found.setdefault(key_of(name), one)
    return found


def told(drift: Drift) -> dict[str, Any]:
    """All that is to be known of it, for somebody who cannot look into these directories."""
    return {
        "added": [[one.name, one.version] for one in drift.added],
        "removed": [list(one) for one in drift.removed],
        "changed": [[one.name, was, one.version] for one, was in drift.changed],
        "wanted": wanted(drift),
        "local": from_directories(drift),
    }


def wanted(drift: Drift) -> list[str]:
    """The requirements that bring back what was added and changed.

    What came along with something that was asked for is left to the resolver.
    """
    asked = [one for one in drift.added if os.path.exists(os.path.join(one.info, "REQUESTED"))]
    put = [*(asked or drift.added), *(one for one, _ in drift.changed)]
    return [_requirement(one) for one in put]


def from_directories(drift: Drift) -> list[str]:
    """The packages that were installed from a directory of this machine."""
    put = [*drift.added, *(one for one, _ in drift.changed)]
    return [one.name for one in put if "dir_info" in _origin(one)]


def key_of(name: str) -> str:
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _packages(several: list[Any]) -> str:
    return "1 package" if len(several) == 1 else f"{len(several)} packages"


def _requirement(one: Package) -> str:
    origin = _origin(one)
    address = origin.get("url", "")
    if not address or "dir_info" in origin:
        return f"{one.name}=={one.version}"
    vcs = origin.get("vcs_info")
    if vcs:
        address = "{}+{}@{}".format(vcs["vcs"], address, vcs["commit_id"])
    if origin.get("subdirectory"):
        address += "#subdirectory=" + origin["subdirectory"]
    return f"{one.name} @ {address}"


def _origin(one: Package) -> dict[str, Any]:
    """Where pip or uv noted that a package came from; empty for one of an index."""
    try:
        with open(os.path.join(one.info, "direct_url.json"), encoding="utf-8") as file:
            origin = json.load(file)
    except (OSError, ValueError):
        return {}
    return origin if isinstance(origin, dict) else {}
