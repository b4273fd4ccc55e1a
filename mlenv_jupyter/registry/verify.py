"""Whether the registry is what was written: the file, the rows, and what follows from them."""

from __future__ import annotations

from sqlalchemy import Connection, select

from mlenv_jupyter.core.version import Finding
from mlenv_jupyter.registry import search
from mlenv_jupyter.registry.checksums import CONTENT, checksum, rows_of
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.latest import search_text, settle
from mlenv_jupyter.registry.rows import E, V

RESTORE = "Restore a backup: `mlenv registry restore FILE`."


def verify_registry(database: Database, *, repair: bool = False) -> list[Finding]:
    """What is wrong. ``repair`` mends what follows from other rows; content it cannot."""
    found: list[Finding] = []
    with database.write() as connection:
        if connection.dialect.name == "sqlite":
            for (said,) in connection.exec_driver_sql("PRAGMA integrity_check(20)").all():
                if said != "ok":
                    found.append(_finding("file", f"SQLite says: {said}.", RESTORE))
            for row in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                found.append(_finding(str(row[0]), f"Row {row[1]} belongs to nothing.", RESTORE))
        found += _content(connection)
        found += _derived(connection, repair=repair)
        if repair and database.searchable:
            connection.exec_driver_sql(
                f"INSERT INTO {search.NAME}({search.NAME}) VALUES ('rebuild')"  # noqa: S608
            )
    return found


def _content(connection: Connection) -> list[Finding]:
    found = []
    for name in CONTENT:
        for row in rows_of(connection, name):
            if row["checksum"] != checksum(name, row):
                where = f"{name} {row['id']}"
                if name == "versions":
                    owner = connection.scalar(
                        select(E.c.name).where(E.c.id == row["environment_id"])
                    )
                    where = f"{owner}:{row['version']}"
                found.append(_finding(where, "It is not what was registered.", RESTORE))
    return found


def _derived(connection: Connection, *, repair: bool) -> list[Finding]:
    """``latest``, the count and the search text, as ``settle`` would have them."""
    found = []
    for row in connection.execute(select(E).order_by(E.c.id)).all():
        shown = connection.scalars(
            select(V.c.id)
            .where(V.c.environment_id == row.id, V.c.archived_at.is_(None))
            .order_by(V.c.number.desc())
        ).all()
        latest = row.rolled_back_to if row.rolled_back_to in shown else (*shown, row.latest_id)[0]
        right = (
            row.latest_id == latest
            and row.version_count == len(shown)
            and row.search == search_text(connection, row.id)
        )
        if not right:
            if repair:
                settle(connection, row.id)
            found.append(
                _finding(
                    row.name,
                    "Its latest version, their count or its search text is out of date.",
                    "`mlenv verify --repair` mends it.",
                    repaired=repair,
                )
            )
    return found


def _finding(where: str, message: str, remedy: str, *, repaired: bool = False) -> Finding:
    return Finding(part="registry", where=where, message=message, remedy=remedy, repaired=repaired)
