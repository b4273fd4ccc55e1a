"""The Registry: one database, and what is kept in it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.registry.builds import Builds
from mlenv_jupyter.registry.changes import Changes
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.environments import Environments
from mlenv_jupyter.registry.locks import Locks


class Registry:
    """What is remembered. SQLite in ``home`` unless an address names another database."""

    def __init__(self, home: Path, address: str | None = None) -> None:
        self.database = Database(address or f"sqlite:///{home / 'registry.sqlite'}", home=home)
        self.environments = Environments(self.database)
        self.locks = Locks(self.database)
        self.builds = Builds(self.database)
        self.changes = Changes(self.database)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


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

        Raises Unavailable.
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
