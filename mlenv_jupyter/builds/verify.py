"""Comparing what is in a prefix with what was locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.builds.bytecode import distributions
from mlenv_jupyter.builds.resolve import ToolFailed
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.process import run


def verify(site: Site, place: Path, site_packages: Path, lock: Lock) -> tuple[LockedPackage, ...]:
    """Every locked package must be there; returns them with who requires whom."""
    there = distributions(site_packages)
    missing = [one.name for one in lock.packages if one.name not in there]
    if missing:
        raise BuildFailed(
            f"{missing[0]} was locked, but is not in the prefix after the installation.",
            remedy="Build again without the cache: `mlenv build --no-cache`.",
            where=str(place.name),
        )
    environment = {**site.python.markers, "extra": ""}
    required_by: dict[str, set[str]] = {}
    for name, one in there.items():
        for required in _requires(one.info, environment):
            required_by.setdefault(required, set()).add(name)
    return tuple(
        msgspec.structs.replace(one, required_by=tuple(sorted(required_by.get(one.name, ()))))
        for one in lock.packages
    )


def _requires(info: Path, environment: Mapping[str, str]) -> Iterable[str]:
    """The names that a package requires here, from its metadata (extras left out)."""
    try:
        text = (info / "METADATA").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.partition("\n\n")[0].splitlines():
        if line.startswith("Requires-Dist:"):
            try:
                one = Requirement(line.partition(":")[2].strip())
                if one.marker is None or one.marker.evaluate(dict(environment)):
                    yield canonicalize_name(one.name)
            except InvalidRequirement:
                continue


def check_starts(site: Site, place: Path) -> None:
    """Raise ToolFailed unless the Python of a prefix starts."""
    code, lines = run([place / "bin" / "python", "-I", "-c", "import site"], env=site.env)
    if code != 0:
        raise ToolFailed("python", lines)
