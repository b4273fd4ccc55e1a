"""The Registry: one database, and what is kept in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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
    be there yet. Not thread-safe: made and used by one thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def version(self) -> int:
        """A number that differs after every commit; 0 while there is no registry."""
        if self._connection is None:
            if not self._path.exists():
                return 0
            address = self._path.as_uri() + "?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        row = self._connection.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
