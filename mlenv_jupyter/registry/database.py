"""One database: its engine, its schema, and transactions that other processes wait for."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from mlenv_jupyter.core.errors import StoreDamaged, Unavailable
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.registry import search, tables
from mlenv_jupyter.registry.latest import settle_all
from mlenv_jupyter.store.filesystem import is_network, kind_of

BUSY_TIMEOUT = 30.0
"""Seconds that a writer waits for another one."""


CACHE = 32_768
"""kB of a SQLite file that a connection keeps in memory: the index of a search is larger than the
2 MB that it would be."""

ALONE = "mlenv_alone"
"""What is noted of a connection that has the file for itself, and is closed after each use."""

WRITERS = 0x6D6C656E76
"""The lock of PostgreSQL that one writer holds: the bytes of ``mlenv``."""


class Database:
    """A SQLite file (``synchronous=FULL``), or what a SQLAlchemy address names.

    The file has a write-ahead log, except on a network file system: what that log shares between
    processes is memory, which another machine does not see.
    """

    def __init__(self, address: str, *, home: Path) -> None:
        self._url = driven(make_url(address))
        self._home = home
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self.searchable = False

    @property
    def engine(self) -> Engine:
        """The engine, with the schema up to date. Raises Unavailable, StoreDamaged."""
        engine = self._engine
        if engine is None or self._file != self._file_now():
            with self._lock:
                engine = self._engine
                if engine is None or self._file != self._file_now():
                    if engine is not None:
                        engine.dispose()
                    self._engine = engine = self._open()
                    self._file = self._file_now()
        return engine

    @property
    def file(self) -> Path | None:
        """The file of SQLite; None for another database, or one in memory."""
        if self._url.get_backend_name() != "sqlite" or not self._url.database:
            return None
        return Path(self._url.database)

    def is_on_network(self) -> bool:
        """Whether the file is on a file system that other machines may write to."""
        return self.file is not None and is_network(kind_of(self.file.parent))

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that only reads."""
        with _translated(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that no other writer runs beside; committed at the end, or not at all."""
        with _translated(), self.engine.connect() as connection, connection.begin():
            if connection.dialect.name == "sqlite":
                # A reader that becomes a writer half-way is refused by SQLite, not made to wait.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            elif connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")
            reach("database.begun")
            yield connection
            reach("database.commit")
        reach("database.committed")

    def close(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _file_now(self) -> tuple[int, int] | None:
        """Which file it is. One that was removed under a running server (`mlenv uninstall
        --purge`) would go on taking writes that nobody ever sees."""
        if self._url.get_backend_name() != "sqlite" or not self._url.database:
            return None
        try:
            found = os.stat(self._url.database)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _open(self) -> Engine:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            engine = create_engine(
                self._url, pool_pre_ping=self._url.get_backend_name() != "sqlite"
            )
        except ModuleNotFoundError as error:
            raise Unavailable(
                f"The registry is in a database that needs {error.name}, which is not installed.",
                remedy="Install it: pip install 'mlenv-jupyter[postgres]'.",
            ) from error
        if engine.dialect.name == "sqlite":
            journal = "DELETE" if self.is_on_network() else "WAL"
            event.listen(engine, "do_connect", partial(_connect_sqlite, journal))
            event.listen(engine, "checkin", _leave)
        with _translated():
            if not _current(engine):
                with FileLock(self._home / "registry.lock"):
                    if not _current(engine):
                        from mlenv_jupyter.registry.migrations import upgrade

                        upgrade(engine)
                        with engine.begin() as connection:
                            settle_all(connection)
            with engine.begin() as connection:
                self.searchable = search.ensure(connection)
        if engine.dialect.name == "sqlite" and self._url.database:
            with contextlib.suppress(OSError):
                os.chmod(self._url.database, 0o600)
        return engine


def driven(address: URL) -> URL:
    """An address with the driver that is used: psycopg for PostgreSQL where none is named."""
    if address.drivername in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    return address


def _current(engine: Engine) -> bool:
    if not inspect(engine).has_table(tables.SCHEMA):
        return False
    with engine.connect() as connection:
        found = connection.scalar(select(tables.revision))
    if found is not None and found > tables.HEAD:
        raise Unavailable(
            "The registry was written by a newer mlenv.",
            remedy="Upgrade mlenv-jupyter here, or point MLENV_HOME elsewhere.",
        )
    return bool(found == tables.HEAD)


def _connect_sqlite(
    journal: str, dialect: Dialect, its: ConnectionPoolEntry, where: list[Any], how: dict[str, Any]
) -> object:
    connection: Any = dialect.connect(*where, **how)
    try:
        _prepare_sqlite(connection, journal)
    except sqlite3.OperationalError as error:
        connection.close()
        if "disk I/O" not in str(error):
            raise
        # A full disk has no room for the memory that connections share. One that has the file for
        # itself does without: what is registered can be read, and `mlenv gc` can make room.
        connection = dialect.connect(*where, **how)
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        _prepare_sqlite(connection, journal)
        its.info[ALONE] = True
    return connection


def _prepare_sqlite(connection: Any, journal: str) -> None:
    # The driver's own transaction handling would begin transactions late and silently.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT * 1000)}")
    cursor.execute(f"PRAGMA journal_mode={journal}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE}")
    cursor.close()


def _leave(_: object, its: ConnectionPoolEntry) -> None:
    if its.info.get(ALONE):
        its.invalidate()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """What the database says, in our own words."""
    try:
        yield
    except OperationalError as error:
        said = str(error.orig)
        if "disk I/O" in said:
            # SQLite does not say which: a limit on files, a quota, a disk that is failing.
            raise Unavailable(
                "The registry could not be written or read: the disk refused it.",
                code="io_error",
                detail=said,
                remedy="Check the disk of MLENV_HOME and the space on it, and try again; nothing "
                "was registered.",
            ) from error
        if "disk is full" in said:
            raise Unavailable(
                "The registry could not be written: the disk is full.",
                code="disk_full",
                remedy="Free disk space and try again; nothing was registered.",
            ) from error
        raise Unavailable(
            f"The registry cannot be used now: {said}.",
            remedy="Check that MLENV_HOME is on a local disk that you may write to, or that the "
            "database server that MLENV_DATABASE names answers.",
        ) from error
    except DatabaseError as error:
        if "malformed" in str(error.orig) or "not a database" in str(error.orig):
            raise StoreDamaged(
                "The registry's file is damaged.",
                remedy="Restore it: `mlenv registry restore FILE` takes a backup.",
            ) from error
        raise
