"""Resolve a version anew: what its requirements come to today, beside the lock that it has."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.choice import require_builder
from mlenv_jupyter.builds.explain import explain
from mlenv_jupyter.builds.pipeline import environment_for
from mlenv_jupyter.builds.resolve import (
    ToolFailed,
    choose,
    lock_for,
    resolve,
    storable,
)
from mlenv_jupyter.builds.wheels import private_wheels
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.diff import PackageChange, diff_versions
from mlenv_jupyter.core.errors import BuildFailed, Conflict, Unavailable
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.rows import VersionRow
from mlenv_jupyter.store.places import Places


class Resolved(NamedTuple):
    """What a version resolves to now: the id of its lock, where it is kept, and what differs."""

    lock_id: int | None
    changes: tuple[PackageChange, ...]


def resolve_anew(
    row: VersionRow,
    registry: Registry,
    places: Places,
    work: Path,
    *,
    keep: bool,
    definition: Definition | None = None,
) -> Resolved:
    """Resolve a version for all platforms, past every cache of the index's answers.

    ``definition`` is how it is resolved, where that differs from what is registered.
    A lock that differs for another platform only is another lock, without changes here. Raises
    Conflict where there is no lock yet, BuildFailed with the reason, Unavailable.
    """
    definition = definition or row.definition
    require_builder(definition)
    if definition.kind != "pip" or definition.user_managed_dependencies:
        raise Unavailable(
            "Only pip environments are refreshed so far.",
            code="no_builder",
            where="version",
            remedy="Register its definition with the versions that you want.",
        )
    before = registry.locks.get(row.lock_id) if row.lock_id is not None else None
    if before is None:
        raise Conflict(
            f"{row.name}:{row.version} is not resolved yet, so there is nothing to refresh.",
            code="not_built",
            where="version",
            remedy=f"Build it: `mlenv build {row.name}:{row.version}`.",
        )
    uv = pythons.find_uv()
    env = environment_for(definition, places)
    python = pythons.find(definition.python, uv=uv, directory=places.pythons, env=env)
    try:
        universal, addresses = resolve(
            definition,
            python,
            uv=uv,
            work=work,
            env=env,
            refresh=True,
            wheels=private_wheels(definition, places),
        )
    except ToolFailed as failed:
        problem = explain("resolving", [line.text for line in failed.lines], definition)
        raise BuildFailed.of(problem) from failed
    if universal == before.lock:
        return Resolved(before.id, ())
    lock = lock_for(definition, choose(universal, python), python)
    known = registry.locks.on_platform(before.id, python.platform)
    was = known.lock if known else lock_for(definition, choose(before.lock, python), python)
    changes = diff_versions(was.versions(), lock.versions())
    if not keep:
        return Resolved(None, changes)
    lock_id = registry.locks.add_another(row.digest, python.minor, universal, storable(addresses))
    registry.locks.set_on_platform(lock_id, identity.lock_digest(lock), lock)
    return Resolved(lock_id, changes)
