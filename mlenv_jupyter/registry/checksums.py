"""A checksum of each row that is written once: whether it is still what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Connection,
    RowMapping,
    bindparam,
    column,
    select,
    table,
    update,
)

CONTENT = {
    "versions": (
        "environment_id",
        "number",
        "version",
        "definition",
        "definition_id",
        "digest",
        "author",
        "message",
        "created_at",
    ),
    "locks": ("digest", "python", "packages", "addresses", "created_at"),
}
"""The columns that never change, by table. Named here and not taken from the tables: a migration
computes the checksums of its own time."""


def checksum(name: str, row: Mapping[str, Any] | RowMapping) -> str:
    """64 hex over what never changes in a row of a table."""
    made = hashlib.sha256(b"mlenv-row-1")
    for one in CONTENT[name]:
        value = row[one]
        data = b"" if value is None else value if isinstance(value, bytes) else str(value).encode()
        made.update(f"\n{one} {len(data)} ".encode())
        made.update(data)
    return made.hexdigest()


def rows_of(connection: Connection, name: str, size: int = 1000) -> Iterator[RowMapping]:
    """Every row of a table with its id and checksum, ``size`` at a time."""
    found = table(name, *map(_column, ("id", "checksum", *CONTENT[name])))
    last = 0
    while True:
        query = select(found).where(found.c.id > last).order_by(found.c.id).limit(size)
        rows = connection.execute(query).mappings().all()
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1]["id"]


def add_missing(connection: Connection) -> None:
    """Give a checksum to each row that has none: those from before there were any."""
    for name in CONTENT:
        found = table(name, column("id"), column("checksum"))
        change = (
            update(found).where(found.c.id == bindparam("row")).values(checksum=bindparam("sum"))
        )
        made = [
            {"row": row["id"], "sum": checksum(name, row)}
            for row in rows_of(connection, name)
            if not row["checksum"]
        ]
        if made:
            connection.execute(change, made)


def _column(name: str) -> ColumnClause[Any]:
    return column(name)
