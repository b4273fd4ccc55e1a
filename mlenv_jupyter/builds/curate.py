"""Curating: resolve the environments of a catalogue anew, compare, and write what is new."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.explain import explain
from mlenv_jupyter.builds.pipeline import uv_environment
from mlenv_jupyter.builds.resolve import ToolFailed, references, resolve
from mlenv_jupyter.core.diff import PackageChange, diff_versions
from mlenv_jupyter.core.errors import BuildFailed, Conflict, NotFound, Unavailable
from mlenv_jupyter.core.lockfile import write_lock
from mlenv_jupyter.core.names import check_name
from mlenv_jupyter.core.universal import LockedFile, UniversalLock
from mlenv_jupyter.registry.catalogue import Catalogue, Curated, contents
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import write_atomically

OLDEST = "3.10"
"""The first Python that a curated lock is for: the first that mlenv runs on."""

PLATFORMS = (
    *("manylinux", "musllinux", "linux_x86_64", "linux_aarch64"),
    *("macosx", "win_amd64", "win_arm64", "any"),
)
MACHINES = ("x86_64", "aarch64", "arm64", "universal2", "intel", "amd64", "any")
INTERPRETERS = ("cp", "py")


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What a curated environment comes to now, beside what is committed."""

    name: str
    before: str
    after: str
    changes: tuple[PackageChange, ...] | None
    packages: int


class Curation:
    """Keeps a catalogue's directory: the team's own in the home, unless another one is named."""

    def __init__(self, places: Places, registry: Registry) -> None:
        self._places = places
        self._registry = registry

    def refresh(
        self,
        names: Sequence[str] = (),
        directory: Path | None = None,
        *,
        write: bool = True,
        replace: bool = False,
    ) -> tuple[Refreshed, ...]:
        """Resolve the environments of a directory anew; see ``refresh`` below."""
        place = (directory or self._places.catalogue).absolute()
        return tuple(refresh(place, self._places, names=names, write=write, replace=replace))

    def publish(
        self,
        name: str,
        version: str | None = None,
        *,
        directory: Path | None = None,
        new_name: str | None = None,
        description: str | None = None,
    ) -> Curated:
        """Write a registered version and its lock into a directory.

        Raises NotFound, InvalidName, Conflict where it has no lock yet, Unavailable.
        """
        row = self._registry.find(name, version)
        found = self._registry.locks.get(row.lock_id) if row.lock_id is not None else None
        if found is None:
            raise Conflict(
                f"{row.name}:{row.version} is not resolved yet.",
                code="not_built",
                where=row.name,
                remedy=f"Build it first: mlenv build {row.name}:{row.version}.",
            )
        place = (directory or self._places.catalogue).absolute()
        try:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"{place} cannot be made: {error.strerror}.", where="directory"
            ) from error
        entry = Curated(
            name=check_name(new_name or row.name),
            version="1",
            definition=row.definition,
            place=place,
            file="",
        )
        return publish(entry, trimmed(found.lock), description)


def refresh(
    place: Path,
    places: Places,
    *,
    names: Sequence[str] = (),
    write: bool = True,
    replace: bool = False,
) -> Iterable[Refreshed]:
    """Resolve the environments of a catalogue's directory anew, one after the other.

    What has changed becomes the next version, and the one before is kept beside it; ``replace``
    keeps the number instead, for what nobody has yet. A committed lock that is as good as the
    new one is not touched. Raises NotFound, BuildFailed, Unavailable.
    """
    if write and not os.access(place, os.W_OK):
        raise Unavailable(
            f"{place} cannot be written to.",
            where=str(place),
            remedy="Give a directory of your own with --directory.",
        )
    here = [one for one in Catalogue([place]).newest() if one.place == place]
    unknown = [one for one in names if one.lower() not in {entry.name.lower() for entry in here}]
    if unknown:
        raise NotFound(f"There is no {unknown[0]!r} in {place}.", where="name")
    wanted = {one.lower() for one in names}
    for entry in here:
        if not wanted or entry.name.lower() in wanted:
            yield _refresh(entry, places, write=write, replace=replace)


def publish(entry: Curated, lock: UniversalLock, description: str | None = None) -> Curated:
    """Write a curated environment as the version after the newest, which is kept beside it.

    Raises Unavailable.
    """
    there = [e for e in Catalogue([entry.place]).versions(entry.name) if e.place == entry.place]
    said = there[0].description if there else ""
    made = msgspec.structs.replace(
        entry,
        version=_next(there[0].version) if there else "1",
        description=said if description is None else description,
        tags=there[0].tags if there else {},
        icon=there[0].icon if there else None,
        updated_at=_now(),
        file=f"{entry.name}.json",
    )
    try:
        if there:
            _set_aside(there[0])
        _write(made, lock)
    except OSError as error:
        raise Unavailable(
            f"{entry.place} cannot be written to: {error.strerror}.", where="directory"
        ) from error
    return made


def trimmed(lock: UniversalLock) -> UniversalLock:
    """Without the files that no machine of ours takes: other interpreters, rare platforms."""
    packages = []
    for one in lock.packages:
        files = tuple(file for file in one.files if _is_wanted(file))
        packages.append(msgspec.structs.replace(one, files=files or one.files))
    return msgspec.structs.replace(lock, packages=tuple(packages))


def versions_of(lock: UniversalLock | None) -> dict[str, str]:
    """The versions by name; where platforms or Pythons differ, all of them."""
    made: dict[str, list[str]] = {}
    for one in lock.packages if lock is not None else ():
        made.setdefault(one.name, []).append(one.version)
    return {name: " or ".join(dict.fromkeys(all_)) for name, all_ in made.items()}


def _refresh(entry: Curated, places: Places, *, write: bool, replace: bool) -> Refreshed:
    before, now = entry.lock(), _resolve(entry, places)
    old, new = versions_of(before), versions_of(now)
    same = before is not None and old == new
    made = entry
    if not same and write:
        made = entry
        if before is None or replace:
            made = msgspec.structs.replace(entry, updated_at=_now())
        else:
            _set_aside(entry)
            made = msgspec.structs.replace(
                entry, version=_next(entry.version), updated_at=_now(), file=f"{entry.name}.json"
            )
        _write(made, now)
    return Refreshed(
        name=entry.name,
        before=entry.version,
        after=made.version,
        changes=diff_versions(old, new) if before is not None else None,
        packages=len(new),
    )


def _resolve(entry: Curated, places: Places) -> UniversalLock:
    definition = entry.definition
    uv = pythons.find_uv()
    env = uv_environment(places, also=references(definition))
    python = pythons.find(definition.python, uv=uv, directory=places.pythons, env=env)
    places.make()
    with tempfile.TemporaryDirectory(dir=places.home, prefix=".curate-") as work:
        try:
            lock, _ = resolve(
                definition,
                python,
                uv=uv,
                work=Path(work),
                env=env,
                wheels_only=True,
                oldest=definition.python or OLDEST,
            )
        except ToolFailed as failed:
            problem = explain("resolving", [line.text for line in failed.lines], definition)
            raise BuildFailed.of(
                msgspec.structs.replace(problem, message=f"{entry.name}: {problem.message}")
            ) from failed
    return trimmed(lock)


def _write(entry: Curated, lock: UniversalLock | None) -> None:
    # The lock first: an entry without its lock would be resolved on the machine that builds it.
    if lock is not None:
        write_atomically(entry.lock_file, write_lock(lock).encode(), mode=0o644)
    else:
        entry.lock_file.unlink(missing_ok=True)
    write_atomically(entry.place / entry.file, contents(entry).encode(), mode=0o644)


def _set_aside(entry: Curated) -> None:
    if "@" in entry.file:
        return
    lock = entry.lock()
    aside = msgspec.structs.replace(entry, file=f"{entry.name}@{entry.version}.json")
    _write(aside, lock)


def _is_wanted(file: LockedFile) -> bool:
    if file.kind == "sdist":
        return True
    *_, tag, _, platforms = file.filename.removesuffix(".whl").split("-")
    interpreter = any(one.startswith(INTERPRETERS) for one in tag.split("."))
    return interpreter and any(
        one.startswith(PLATFORMS) and one.endswith(MACHINES) for one in platforms.split(".")
    )


def _next(version: str) -> str:
    return str(int(version) + 1) if version.isdigit() else f"{version}.1"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
