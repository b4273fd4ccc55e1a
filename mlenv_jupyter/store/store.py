"""The Store: prefixes and kernel layers, addressed by lock, committed once and then read-only."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from mlenv_jupyter.core.errors import StoreDamaged, Unavailable
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.store.beside import OWN, aside, beside, exchange, home_of, rename_within
from mlenv_jupyter.store.places import Places, lock_of, record_of
from mlenv_jupyter.store.trees import (
    Size,
    make_read_only,
    remove_files,
    remove_tree,
    write_atomically,
)

MARGIN = 64 * 1024 * 1024
"""Bytes that stay free whatever a build needs."""


class BuiltImage(msgspec.Struct, frozen=True, kw_only=True):
    """What was built where a version is an image; ``pushed`` is where other machines find it.

    ``interpreter`` and ``environment`` are paths in the image, ``size`` is bytes, unpacked.
    """

    id: str
    tag: str
    base: str
    platform: str
    interpreter: str
    environment: str
    size: int
    layers: int = 0
    pushed: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What was committed: the proof that a prefix or layer is whole.

    ``site_packages`` is relative to the place; ``size`` is bytes, hard links counted in full.
    ``activation`` is what has to be set to use it, see ``builds/conda/activation.py``.
    ``distributions`` are the Python packages in it, version by name, where ``packages`` has others
    too. ``foreign`` is a prefix that is not ours and that this record only points at, with
    ``interpreter`` its Python; then ``site_packages`` is relative to that.
    """

    format: int = 1
    lock_digest: str
    python: str
    site_packages: str
    packages: tuple[LockedPackage, ...]
    files: int = 0
    size: int = 0
    created_at: str = ""
    layer: str | None = None
    image: BuiltImage | None = None
    activation: dict[str, tuple[str, ...]] = {}
    distributions: dict[str, str] | None = None
    foreign: str | None = None
    interpreter: str | None = None

    def prefix_at(self, place: Path) -> Path:
        """The prefix that was committed at a place: that, or the foreign one."""
        return Path(self.foreign) if self.foreign else place

    def python_in(self, prefix: Path) -> str:
        """The Python of that prefix."""
        return self.interpreter or str(prefix / "bin" / "python")

    @property
    def versions(self) -> dict[str, str]:
        """The Python packages in it, version by name."""
        if self.distributions is not None:
            return self.distributions
        return {one.name: one.version for one in self.packages}


class Store:
    """Prefixes and layers on disk. Each is made under a lock, and its record is written last."""

    def __init__(self, places: Places) -> None:
        self.places = places

    def record(self, place: Path) -> Record | None:
        """The commit record of a place, or None where nothing whole is there."""
        try:
            data = record_of(place).read_bytes()
        except FileNotFoundError:
            return None
        if not os.path.lexists(place):
            return None
        try:
            return msgspec.json.decode(data, type=Record)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise StoreDamaged(
                f"The commit record of {place.name} cannot be read.",
                where=str(record_of(place)),
                remedy="Build the environment again with `mlenv build --force`.",
            ) from error

    def foreign(self) -> Iterator[Record]:
        """The records that point at prefixes which are not ours."""
        for path in sorted(self.places.prefixes.glob("*.json")):
            if b'"foreign":"' in path.read_bytes():
                record = self.record(path.with_suffix(""))
                if record is not None and record.foreign:
                    yield record

    @contextlib.contextmanager
    def making(self, place: Path, *, replace: bool = False) -> Iterator[Path | None]:
        """Hold ``place`` alone while it is made; yields where to, None where somebody has made it.

        What an earlier attempt left behind is removed first, and what this one leaves without a
        commit is removed at the end. ``replace`` makes it again, beside the old one, which stays
        as it is until the commit.
        """
        reach("store.mkdir")
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(place):
            self._settle(place)
            there = self.record(place) is not None
            if there and not replace:
                yield None
                return
            try:
                reach("store.begun")
                yield beside(place) if there else place
            finally:
                self._settle(place)

    def commit(self, made: Path, record: Record, known: Mapping[str, Size] | None = None) -> Record:
        """Make read-only what was made and write its record; after this it is there for everybody.

        What was made beside a place takes it first. ``known`` are directories below it that need
        no second look, with what is in them.
        """
        place = home_of(made)
        if place != made:
            rename_within(made, place.name)
        size = make_read_only(made, known)
        record = msgspec.structs.replace(record, files=size.files, size=size.bytes)
        # What activating sets may name the place.
        data = msgspec.json.encode(record).replace(made.name.encode(), place.name.encode())
        reach("store.whole")
        if place != made:
            reach("store.rename")
            exchange(made, place)
        try:
            reach("store.placed")
            write_atomically(record_of(place), data)
        except BaseException:
            if place != made:
                exchange(made, place)
            raise
        reach("store.committed")
        return msgspec.json.decode(data, type=Record)

    def amend(self, place: Path, record: Record) -> None:
        """Write what was learnt about a committed place (its kernel layer); its files stay."""
        write_atomically(record_of(place), msgspec.json.encode(record))

    def discard(self, place: Path) -> bool:
        """Remove what was never committed, unless somebody is making it; whether it is gone."""
        place = home_of(place)
        if not any(map(os.path.lexists, (lock_of(place), *_traces(place)))):
            return True
        try:
            with _held(place, timeout=0):
                self._settle(place)
        except TimeoutError:
            return False
        return True

    def remove(self, place: Path) -> None:
        """Remove a committed place: its record first, so that it is never found half there."""
        with _held(place):
            remove_files([record_of(place)])
            reach("store.unrecorded")
            self._clear(place)
        remove_files([lock_of(place)])

    def checksum(self, place: Path) -> str:
        """64 hex over every name, link target, execute bit and content below a place."""
        import hashlib  # 5 ms, and most who look at a store hash nothing

        made = hashlib.sha256()
        for directory, names, files in os.walk(place):
            names.sort()
            for name in sorted([*files, *(n for n in names if _is_link(directory, n))]):
                path = os.path.join(directory, name)
                found = os.lstat(path)
                if stat.S_ISLNK(found.st_mode):
                    content = b"-> " + os.fsencode(os.readlink(path))
                else:
                    with open(path, "rb") as file:
                        content = (
                            hashlib.file_digest(file, "sha256").digest()
                            if hasattr(hashlib, "file_digest")
                            else hashlib.sha256(file.read()).digest()
                        )
                relative = os.path.relpath(path, place)
                made.update(os.fsencode(relative) + b"\0" + content)
                made.update(b"x" if found.st_mode & 0o100 else b"-")
        return made.hexdigest()

    def require_space(self, needed: int) -> None:
        """Raise Unavailable unless ``needed`` bytes fit on the store's file system."""
        self.places.store.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(self.places.store).free
        if free < needed + MARGIN:
            raise Unavailable(
                f"The disk has {free / 1e6:.0f} MB free, and this build needs "
                f"about {(needed + MARGIN) / 1e6:.0f} MB.",
                code="disk_full",
                where=str(self.places.store),
                remedy="Free disk space, or set MLENV_STORE to a directory on a larger disk.",
            )

    def _settle(self, place: Path) -> None:
        """Leave one whole place or none, and nothing else."""
        if not os.path.lexists(place) and record_of(place).exists() and aside(place).exists():
            os.rename(aside(place), place)  # a crash while two places changed in steps
        if not self._is_whole(place):
            self._clear(place)
        for one in _traces(place)[1:]:
            self._clear(one)

    def _is_whole(self, place: Path) -> bool:
        try:
            return self.record(place) is not None
        except StoreDamaged:
            return False

    def _clear(self, place: Path) -> None:
        remove_tree(place)
        remove_files([record_of(place)])


def _traces(place: Path) -> list[Path]:
    """A place, and what may be left beside it."""
    named = OWN.fullmatch(place.name)
    return [place, aside(place), *([beside(place)] if named else [])]


def _is_link(directory: str, name: str) -> bool:
    return os.path.islink(os.path.join(directory, name))


def _held(place: Path, timeout: float = -1) -> AbstractContextManager[object]:
    """The lock of a place, to be held. Raises TimeoutError when ``timeout`` seconds are over."""
    # It takes 20 ms to import, which those who only read a record need not wait for.
    from filelock import FileLock

    return FileLock(lock_of(place), timeout=timeout)
