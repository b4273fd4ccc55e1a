"""Lock → Prefix for conda: link with rattler, then pip's part with uv, bytecode, check, commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.conda.activation import Activation, activation_of
from mlenv_jupyter.builds.conda.bytecode import compile_conda
from mlenv_jupyter.builds.conda.engine import Engine
from mlenv_jupyter.builds.conda.pip_section import versions_in
from mlenv_jupyter.builds.install import install_wheels, now
from mlenv_jupyter.builds.shelf import Owner
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.core.build import Progress
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.core.universal import Chosen
from mlenv_jupyter.process import Line
from mlenv_jupyter.store.store import Record

if TYPE_CHECKING:
    from rattler import RepoDataRecord


def interpreter_in(prefix: Path) -> pythons.Python:
    """The Python that conda has put into a prefix; raises BuildFailed."""
    found = pythons.query(prefix / "bin" / "python")
    if found is None:
        raise BuildFailed(
            "The Python of this environment does not start.",
            code="python_broken",
            where="python",
            remedy="Choose another version of Python, or other channels.",
        )
    return found


def site_packages_of(prefix: Path, python: pythons.Python) -> Path:
    """Where packages are in a prefix."""
    suffix = "t" if python.free_threaded else ""
    return prefix / "lib" / f"python{python.minor}{suffix}" / "site-packages"


def install_conda(
    site_for: Callable[[pythons.Python], Site],
    engine: Engine,
    place: Path,
    lock: Lock,
    lock_digest: str,
    records: Sequence[RepoDataRecord],
    chosen: tuple[Chosen, ...],
    addresses: Mapping[str, str],
    definition: Definition,
    *,
    on_progress: Callable[[Progress], None],
    verifying: Callable[[], None],
    before_commit: Callable[[Site, dict[str, str]], str],
    activate: Callable[[Path], Activation],
) -> Record:
    """Make the prefix of a lock, inside ``store.making``. Raises RattlerFailed, ToolFailed.

    ``before_commit`` gets the Python packages that are in it and answers with its kernel layer.
    """
    engine.install(records, place, _part(on_progress, 0, len(lock.packages)))
    python = interpreter_in(place)
    site = replace(
        site_for(python), on_progress=_part(on_progress, len(records), len(lock.packages))
    )
    site_packages = site_packages_of(place, python)
    if chosen:
        owner = Owner(place, site_packages, os.fspath(place / "bin" / "python"))
        install_wheels(site, owner, chosen, addresses, definition)
    compiled = compile_conda(site, place, site_packages)
    if compiled:
        site.on_line(Line("out", f"Compiled {compiled} files of conda packages to bytecode"))
    verifying()
    packages = _verified(place, lock, records)
    distributions = versions_in(site_packages)
    missing = [one for one in chosen if one.package.name not in distributions]
    if missing:
        raise BuildFailed(
            f"{missing[0].package.name} was locked, but is not in the prefix after the "
            "installation.",
            remedy="Build again without the cache: `mlenv build --no-cache`.",
            where=place.name,
        )
    activation = activation_of(
        place, site.work, lambda text: site.on_line(Line("out", text)), site.env
    ) | activate(site_packages)
    layer = before_commit(site, distributions)
    return site.store.commit(
        place,
        Record(
            lock_digest=lock_digest,
            python=lock.python,
            site_packages=os.fspath(site_packages.relative_to(place)),
            packages=packages,
            created_at=now(),
            layer=layer,
            activation=activation,
            distributions=distributions,
        ),
    )


def locked_conda(
    records: Iterable[RepoDataRecord], wanted: frozenset[str]
) -> tuple[LockedPackage, ...]:
    """conda's packages as they stand in a Lock; ``wanted`` are the names that were asked for."""
    kept = list(records)
    required_by: dict[str, set[str]] = {}
    for record in kept:
        for spec in record.depends:
            required_by.setdefault(spec.split()[0].split("[")[0], set()).add(record.name.normalized)
    return tuple(
        LockedPackage(
            name=record.name.normalized,
            version=str(record.version),
            sha256=_sha256(record),
            filename=record.file_name,
            size=record.size,
            direct=record.name.normalized in wanted,
            required_by=tuple(sorted(required_by.get(record.name.normalized, ()))),
            installer="conda",
        )
        for record in kept
    )


def _sha256(record: RepoDataRecord) -> str:
    """64 hex; channels that are old or plain have an MD5 only, which is filled up with zeros."""
    if record.sha256 is not None:
        return record.sha256.hex()
    return (record.md5.hex() if record.md5 is not None else "").rjust(64, "0")


def _verified(
    prefix: Path, lock: Lock, records: Sequence[RepoDataRecord]
) -> tuple[LockedPackage, ...]:
    """Every package must have its record in the prefix, and every file that it names."""
    for record in records:
        stem = record.file_name.removesuffix(".conda").removesuffix(".tar.bz2")
        path = prefix / "conda-meta" / f"{stem}.json"
        try:
            data = msgspec.json.decode(path.read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            data = {"files": [os.fspath(path)]}
        gone = next((one for one in data["files"] if not os.path.lexists(prefix / one)), None)
        if gone is not None:
            raise BuildFailed(
                f"{record.name.normalized} was locked, but {gone} is not in the prefix after the "
                "installation.",
                remedy="Build again without the cache: `mlenv build --no-cache`.",
                where=prefix.name,
            )
    return lock.packages


def _part(
    on_progress: Callable[[Progress], None], before: int, total: int
) -> Callable[[Progress], None]:
    """Progress of one of the two installers as progress of both."""
    return lambda one: on_progress(
        msgspec.structs.replace(one, done=min(before + one.done, total), total=total)
    )
