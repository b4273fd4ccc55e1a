"""Back up and restore the registry of SQLite, whole or not at all, while it is used."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mlenv_jupyter.core.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    StoreDamaged,
    Unavailable,
)
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.database import BUSY_TIMEOUT, Database
from mlenv_jupyter.store.trees import sync_directory


def back_up(database: Database, file: Path, *, replace: bool = False) -> int:
    """Write the whole registry to a file; its bytes. Others go on reading and writing.

    Raises Conflict where the file is there and ``replace`` does not say that it may go,
    Unavailable where it cannot be written or the registry is not SQLite.
    """
    source = database.file
    if source is None:
        raise _not_a_file()
    _ = database.engine
    if file.exists() and not replace:
        raise Conflict(
            f"{file} is there already.", where="file", remedy="Choose another name, or say --force."
        )
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with _opened(source) as origin, _opened(staged) as target:
            origin.backup(target)
            # A backup is one file: no log beside it.
            target.execute("PRAGMA journal_mode=DELETE")
            _require_whole(target, staged)
        with open(staged, "rb") as made:
            os.fsync(made.fileno())
        os.replace(staged, file)
        sync_directory(file.resolve().parent)
        return file.stat().st_size
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(
            f"The backup cannot be written to {file}: {error}.",
            remedy="Choose a directory that you may write to, with enough space.",
        ) from error
    finally:
        for one in (staged, staged.with_name(staged.name + "-journal")):
            with contextlib.suppress(OSError):
                one.unlink()


def restore(database: Database, file: Path, kept: Path) -> None:
    """Put a backup in the place of the registry, in one transaction that every process sees.

    What was there is written to ``kept`` first. A backup of an older mlenv is brought up to date.
    Raises NotFound, InvalidRequest for what is no backup, Unavailable.
    """
    if not file.is_file():
        raise NotFound(f"There is no file {file}.", where="file")
    _require_backup(file)
    target = database.file
    if target is None:
        raise _not_a_file()
    highest = 0
    try:
        with database.write() as connection:
            highest = connection.exec_driver_sql("SELECT MAX(seq) FROM changes").scalar() or 0
        back_up(database, kept)
    except StoreDamaged:
        # Nothing can be written into it any more: it is set aside as it is.
        database.close()
        os.replace(target, kept)
        for tail in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{target}{tail}", f"{kept}{tail}")
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with _opened(file, read_only=True) as origin, _opened(target) as live:
            origin.backup(live)
    except sqlite3.Error as error:
        raise Unavailable(
            f"The backup cannot be restored: {error}.",
            remedy=f"What was there before is {kept}.",
        ) from error
    # Opened anew: the schema of an older backup is brought up to date.
    database.close()
    with database.write() as connection:
        seq = max(connection.exec_driver_sql("SELECT MAX(seq) FROM changes").scalar() or 0, highest)
        connection.exec_driver_sql(
            "INSERT INTO changes (seq, kind, action, name)"
            " VALUES (?, 'environment', 'changed', '*')",
            (seq + 1,),
        )


def _require_backup(file: Path) -> None:
    try:
        with _opened(file, read_only=True) as found:
            _require_whole(found, file)
            query = f"SELECT version_num FROM {tables.SCHEMA}"  # noqa: S608 - a constant
            (revision,) = found.execute(query).fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise InvalidRequest(
            f"{file} is no backup of a registry: {error}.",
            where="file",
            remedy="Name a file that `mlenv registry backup` wrote.",
        ) from error
    if revision > tables.HEAD:
        raise InvalidRequest(
            f"{file} was written by a newer mlenv.", where="file", remedy="Upgrade mlenv-jupyter."
        )


def _require_whole(connection: sqlite3.Connection, file: Path) -> None:
    said = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    if said != ["ok"]:
        raise InvalidRequest(
            f"{file} is damaged: {said[0]}.", where="file", remedy="Use an older backup."
        )


@contextlib.contextmanager
def _opened(file: Path, *, read_only: bool = False) -> Iterator[sqlite3.Connection]:
    mode = "ro" if read_only else "rw"
    address = f"{file.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT)
    try:
        yield connection
    finally:
        connection.close()


def _not_a_file() -> Unavailable:
    return Unavailable(
        "The registry is not a file of SQLite.",
        code="not_sqlite",
        remedy="Back up a PostgreSQL database with pg_dump and pg_restore.",
    )
