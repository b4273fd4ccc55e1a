"""The Registry: one database, and what is kept in it."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.errors import Conflict, NotFound, Unavailable
from mlenv_jupyter.core.names import RESERVED_PREFIX
from mlenv_jupyter.registry.archive import Archive
from mlenv_jupyter.registry.builds import Builds
from mlenv_jupyter.registry.catalogue import Catalogue, Curated
from mlenv_jupyter.registry.changes import Changes
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.environments import Environments
from mlenv_jupyter.registry.history import History
from mlenv_jupyter.registry.labels import Labels
from mlenv_jupyter.registry.locks import Locks
from mlenv_jupyter.registry.rows import VersionRow
from mlenv_jupyter.registry.runs import Runs
from mlenv_jupyter.registry.services import Models, Services
from mlenv_jupyter.registry.versions import Versions


class Registry:
    """What is remembered. SQLite in ``home`` unless an address names another database."""

    def __init__(
        self, home: Path, address: str | None = None, catalogue: Catalogue | None = None
    ) -> None:
        self.database = Database(address or f"sqlite:///{home / 'registry.sqlite'}", home=home)
        self.catalogue = catalogue or Catalogue()
        self.environments = Environments(self.database)
        self.versions = Versions(self.database)
        self.labels = Labels(self.database)
        self.history = History(self.database)
        self.archive = Archive(self.database)
        self.locks = Locks(self.database)
        self.builds = Builds(self.database)
        self.runs = Runs(self.database)
        self.models = Models(self.database)
        self.services = Services(self.database)
        self.changes = Changes(self.database)

    def find(self, name: str, version: str | None = None) -> VersionRow:
        """One version, registered or curated, the newest where none is named; raises NotFound."""
        entry = self.curated_entry(name, version)
        if entry is not None:
            return self.curated([entry])[0]
        if name.lower().startswith(RESERVED_PREFIX):
            raise NotFound(f"There is no curated environment {name!r}.", where="name")
        return self.versions.get(name, version)

    def curated_entry(self, name: str, version: str | None = None) -> Curated | None:
        """The curated environment that a name means; None where it means a registered one.

        What a user registered stays theirs when a team curates the same name later. Raises
        NotFound for a version that is not there.
        """
        there = self.catalogue.versions(name)
        if not there or (not there[0].shipped and self.environments.exists(name)):
            return None
        return self.catalogue.entry(name, version)

    def curated_entries(self) -> list[Curated]:
        """The newest version of every curated environment that its name means."""
        found = self.catalogue.newest()
        return [one for one in found if one.shipped or not self.environments.exists(one.name)]

    def refuse_curated(self, name: str) -> None:
        """Raise Conflict where a new environment would hide one of the team's catalogue."""
        if self.curated_entry(name) is not None:
            raise Conflict(
                f"{name!r} is an environment of the catalogue.",
                where="name",
                remedy="Choose another name.",
            )

    def curated(self, entries: Iterable[Curated]) -> list[VersionRow]:
        """Curated environments in the form of versions, with their locks where they were used."""
        kept = list(entries)
        newest = {one.name: one.version for one in self.catalogue.newest()}
        rows = [_row(entry, latest=newest.get(entry.name) == entry.version) for entry in kept]
        keys = [_key(entry, row) for entry, row in zip(kept, rows, strict=True)]
        locks = self.locks.newest_ids(keys)
        return [
            msgspec.structs.replace(row, lock_id=locks.get(key))
            for row, key in zip(rows, keys, strict=True)
        ]

    def lock_of_curated(self, row: VersionRow, python: str) -> int | None:
        """The committed lock of a curated version, as a row like any other lock; maybe none."""
        entry = self.catalogue.entry(row.name, row.version)
        lock = entry.lock() if entry is not None else None
        if entry is None or lock is None:
            return row.lock_id
        # The same definition of somebody's own begins with the same packages.
        self.locks.add(row.digest, python, lock, {})
        return self.locks.add(_key(entry, row), python, lock, {})

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def _row(entry: Curated, *, latest: bool) -> VersionRow:
    return VersionRow(
        id=0,
        name=entry.name,
        version=entry.version,
        number=int(entry.version) if entry.version.isdigit() else 1,
        definition=entry.definition,
        definition_id=identity.definition_id(entry.definition),
        digest=identity.digest(entry.definition),
        lock_id=None,
        author="mlenv",
        message="",
        created_at=entry.updated_at,
        description=entry.description,
        tags=entry.tags,
        latest=latest,
        source="catalogue",
    )


def _key(entry: Curated, row: VersionRow) -> str:
    """What a curated version's lock is kept under: every version of a definition has its own."""
    if not entry.lock_file.exists():
        return row.digest
    text = f"catalogue\n{entry.name}\n{entry.version}\n{row.digest}"
    return hashlib.sha256(text.encode()).hexdigest()


class CommitWatch:
    """Tells in microseconds whether anybody has committed, without SQLAlchemy.

    ``PRAGMA data_version`` of a connection changes when another one commits. The file need not
    be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._lock = threading.Lock()

    def version(self) -> int:
        """A number that differs after every commit; 0 while there is no registry.

        Above its lowest 32 bits it tells which file the registry is. Raises Unavailable.
        """
        with self._lock:
            try:
                inode = self._path.stat().st_ino
            except FileNotFoundError:
                self._close()
                return 0
            if inode != self._inode:
                # Removed and made again, as by `mlenv uninstall --purge`: the old one is silent.
                self._close()
            try:
                return inode << 32 | self._query(inode)
            except sqlite3.Error as error:
                self._close()
                raise Unavailable(f"The registry cannot be watched now: {error}.") from error

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._close()

    def _query(self, inode: int) -> int:
        if self._connection is None:
            address = self._path.as_uri() + "?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            self._inode = inode
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
