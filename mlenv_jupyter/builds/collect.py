"""Free disk space: what no version, kernel or notebook refers to any more, and nothing else."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from mlenv_jupyter.builds.leftovers import Leftovers
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.errors import Conflict, StoreDamaged
from mlenv_jupyter.kernels import overlays
from mlenv_jupyter.kernels.record import LaunchRecord, read_record
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.places import Places, record_of
from mlenv_jupyter.store.store import Record, Store
from mlenv_jupyter.store.trees import remove_tree

Kind = Literal["prefix", "layer", "wheel", "overlay", "leftover"]


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that nothing refers to; ``size`` is the bytes that only it has."""

    kind: Kind
    name: str
    size: int
    removed: bool = False


class Collection:
    """Finds and removes; asks the registry what is wanted, and the machine what is in use."""

    def __init__(self, places: Places, registry: Registry) -> None:
        self._places = places
        self._registry = registry
        self._store = Store(places)

    def collect(self, *, dry_run: bool = False) -> tuple[Collected, ...]:
        """Remove prefixes, kernel layers, installed wheels and overlays that nothing refers to.

        Kept is what belongs to a registered version (archived ones too), to a curated one, to an
        installed kernel or to a process that runs; what is removed is built again from its lock.
        Raises Conflict while something is being built.
        """
        running = self._registry.builds.running()
        if running and not dry_run:
            raise Conflict(
                f"{running[0].name} is being built.",
                remedy="Try again when no build runs: `mlenv builds`.",
            )
        found = []
        kept: list[Record] = []
        wanted = self._wanted_prefixes()
        for place, record in self._committed(self._places.prefixes):
            if place.name in wanted:
                kept.append(record)
            else:
                found.append(self._remove("prefix", place, dry_run))
        layers = self._wanted_layers(kept)
        for place, record in self._committed(self._places.layers):
            if place.name in layers:
                kept.append(record)
            else:
                found.append(self._remove("layer", place, dry_run))
        found += self._wheels({one.sha256 for record in kept for one in record.packages}, dry_run)
        found += self._overlays(dry_run)
        found += self._leftovers(dry_run)
        return tuple(found)

    def _wanted_prefixes(self) -> set[str]:
        """Names of the prefixes that somebody may come back to."""
        curated = [
            identity.digest(one.definition)
            for versions in self._registry.catalogue.look().versions.values()
            for one in versions
        ]
        wanted = {digest[:32] for digest in self._registry.locks.digests_in_use(curated)}
        for launch in self._launch_records():
            wanted.add(Path(launch.prefix).name)
        return wanted | self._in_use["prefixes"]

    @cached_property
    def _in_use(self) -> dict[str, set[str]]:
        """Names of the prefixes and layers that processes of this user speak of: what was started
        by `mlenv exec`, a run, a service."""
        store = re.escape(os.fspath(self._places.store))
        named = re.compile(rf"{store}/(prefixes|layers)/([0-9a-f]{{32}})")
        found: dict[str, set[str]] = {"prefixes": set(), "layers": set()}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                texts = (*process.environ().values(), *process.cmdline())
                for kind, name in named.findall("\n".join(texts)):
                    found[kind].add(name)
        return found

    def _wanted_layers(self, kept: Iterable[Record]) -> set[str]:
        wanted = {record.layer[:32] for record in kept if record.layer}
        wanted |= {Path(one.layer).name for one in self._launch_records() if one.layer}
        return wanted | self._in_use["layers"]

    def _launch_records(self) -> Iterator[LaunchRecord]:
        with contextlib.suppress(FileNotFoundError):
            for path in self._places.kernels.glob("*.json"):
                record = read_record(path)
                if record is not None:
                    yield record

    def _committed(self, top: Path) -> Iterator[tuple[Path, Record]]:
        if not top.is_dir():
            return
        for place in sorted(top.iterdir()):
            # What is damaged is for `mlenv verify`, which can build it again.
            with contextlib.suppress(StoreDamaged):
                if record_of(place).exists() and place.is_dir():
                    record = self._store.record(place)
                    if record is not None:
                        yield place, record

    def _wheels(self, wanted: set[str], dry_run: bool) -> list[Collected]:
        """Installed wheels that no prefix is linked from: their links are the last ones."""
        found = []
        shelves = self._places.shelf
        if shelves.is_symlink():
            return []  # shared with other stores, which cannot be asked
        for shelf in sorted(shelves.iterdir()) if shelves.is_dir() else ():
            for entry in sorted(shelf.iterdir()):
                # The hash of the wheel, and where it is from if from no index.
                if entry.name[:64] not in wanted and not entry.name.startswith("."):
                    size = own_size(entry)
                    if not dry_run:
                        remove_tree(entry)
                    found.append(
                        Collected(kind="wheel", name=entry.name, size=size, removed=not dry_run)
                    )
        return found

    def _overlays(self, dry_run: bool) -> list[Collected]:
        """Overlays of notebooks that are gone."""
        found = []
        for one in overlays.list_overlays(self._places.overlays):
            lost = one.notebook is not None and not os.path.exists(one.notebook)
            if lost and not one.in_use:
                size = own_size(one.place)
                if not dry_run:
                    overlays.discard(one)
                name = one.notebook or one.place.name
                found.append(Collected(kind="overlay", name=name, size=size, removed=not dry_run))
        if not dry_run:
            overlays.drop_links(self._places.overlays)
        return found

    def _leftovers(self, dry_run: bool) -> list[Collected]:
        """What processes left that died while they made something."""
        left = Leftovers(self._places, self._registry)
        found = []
        for path in list(left.find()):
            size = own_size(path) if path.is_dir() else path.lstat().st_size
            removed = not dry_run and left.remove(path)
            found.append(Collected(kind="leftover", name=path.name, size=size, removed=removed))
        return found

    def _remove(self, kind: Kind, place: Path, dry_run: bool) -> Collected:
        size = own_size(place)
        if not dry_run:
            self._store.remove(place)
        return Collected(kind=kind, name=place.name, size=size, removed=not dry_run)


def own_size(top: Path) -> int:
    """Bytes of the files below a directory that have no other link: what its removal frees."""
    total = 0
    for directory, _, files in os.walk(top):
        for name in files:
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(directory, name))
                if found.st_nlink == 1:
                    total += found.st_size
    return total
