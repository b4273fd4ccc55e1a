"""What a process leaves that dies while it makes something; removed under the lock of its place."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.kernels import kernelspecs
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.places import BUILD_ID, Places, record_of
from mlenv_jupyter.store.store import Store
from mlenv_jupyter.store.trees import remove_tree

AGE = 60.0
"""Seconds that must have passed since a thing was written: its maker may only have begun."""

DAY = 86400.0
"""Seconds after which nobody works any more in a directory that says not whose it is."""

WORK = re.compile(r"\.(adding|adopt|bundle|curate|export|preview|refresh|service)-\w+")
"""Where something is put together that is moved or copied from there when it is whole."""
CACHE = re.compile(r"\.rattler-(.+)")
"""What one build without cache has downloaded."""
STAGED = re.compile(r"\..+\.(\d+)")
PLACE = re.compile(r"([0-9a-v][0-9a-f]{31})(\.aside)?")


class Leftovers:
    """Files and directories that nobody will finish."""

    def __init__(self, places: Places, registry: Registry, age: float = AGE) -> None:
        self._places = places
        self._registry = registry
        self._store = Store(places)
        self._before = time.time() - age

    def find(self) -> Iterator[Path]:
        """What there is, as it is now."""
        store, home = self._places, self._places.home
        for top in (store.prefixes, store.layers, store.images):
            for path in _below(top):
                place = PLACE.fullmatch(path.name)
                whole = place and not place[2] and record_of(path).exists()
                if place and not whole and self._is_old(path):
                    yield path
        resolved = self._places.layers / "resolved"
        tops = (home, store.kernels, store.prefixes, store.layers, store.images, resolved)
        for top in (*tops, *_below(self._places.builds)):
            yield from (path for path in _below(top) if self._is_staged(path))
        if not self._places.shelf.is_symlink():  # shared with stores that cannot be asked
            for shelf in _below(self._places.shelf):
                # A build may work with it for long; without one it is nobody's.
                if not self._registry.builds.running():
                    yield from (one for one in _below(shelf) if one.name.startswith("."))
        for top in (home, store.wheels, store.contexts, store.models, store.snapshots):
            for path in _below(top):
                if WORK.fullmatch(path.name) and self._is_old(path, DAY):
                    yield path
        for path in _below(store.store):
            cache = CACHE.fullmatch(path.name)
            if cache and self._is_old(path) and not self._is_running(cache[1]):
                yield path
        yield from (path for path in kernelspecs.staged() if self._is_old(path))
        for path in _below(self._places.builds):
            if BUILD_ID.fullmatch(path.name) and self._is_old(path) and self._is_unheard_of(path):
                yield path

    def remove(self, path: Path) -> bool:
        """Remove one, unless somebody holds it; whether it is gone."""
        if path.name.startswith(kernelspecs.STAGED):
            return kernelspecs.clear_staged(self._places.kernels)
        place = PLACE.fullmatch(path.name)
        if place and path.parent != self._places.builds:
            return self._store.discard(path.with_name(place[1]))
        if BUILD_ID.fullmatch(path.name):
            lock = BuildFiles(self._places, path.name).try_lock()
            if lock is None:
                return False
            try:
                remove_tree(path)
            finally:
                os.close(lock)
        elif path.is_dir():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)
        return True

    def sweep(self) -> None:
        """Remove all of them, as far as that goes."""
        for path in list(self.find()):
            with contextlib.suppress(OSError):
                self.remove(path)

    def _is_old(self, path: Path, more: float = 0.0) -> bool:
        try:
            return path.lstat().st_mtime <= self._before - more
        except FileNotFoundError:
            return False

    def _is_staged(self, path: Path) -> bool:
        """Whether a file was to be moved to its place by a process that is gone."""
        found = STAGED.fullmatch(path.name)
        return (
            found is not None
            and path.is_file()
            and self._is_old(path)
            and not _is_alive(int(found[1]))
        )

    def _is_running(self, build_id: str) -> bool:
        return any(one.id == build_id for one in self._registry.builds.running())

    def _is_unheard_of(self, path: Path) -> bool:
        """Whether a build was written down and nobody was told of it: it has no row and has said
        nothing. What has a log may be another registry's, as after a move to PostgreSQL."""
        said = {one.name for one in _below(path) if not STAGED.fullmatch(one.name)}
        if said - {"spec.json", "lock"}:
            return False
        try:
            self._registry.builds.get(path.name)
        except NotFound:
            return True
        return False


def _is_alive(pid: int) -> bool:
    """Whether a process can still do something; in many containers nobody reaps what has died."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _below(top: Path) -> list[Path]:
    try:
        return sorted(top.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
