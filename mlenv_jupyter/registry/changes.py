"""What has changed, in order: how other processes and tabs come to know."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, delete, func, insert, select

from mlenv_jupyter.core.version import Change
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.tables import changes

KEPT = 10_000
CHANNEL = "mlenv_changes"
"""What PostgreSQL's LISTEN and NOTIFY speak on."""

Kind = Literal["environment", "build", "kernel", "run", "service"]
Action = Literal["created", "changed", "deleted"]


def note(
    connection: Connection,
    kind: Kind,
    action: Action,
    name: str,
    *,
    version: str | None = None,
    ref: str | None = None,
    state: str | None = None,
) -> None:
    """Write down one change, in the transaction that makes it."""
    made = connection.execute(
        insert(changes).values(
            kind=kind, action=action, name=name, version=version, ref=ref, state=state
        )
    )
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")  # sent at the commit
    seq = made.inserted_primary_key[0] if made.inserted_primary_key else 0
    if seq % 1000 == 0:
        connection.execute(delete(changes).where(changes.c.seq <= seq - KEPT))


class Changes:
    """Reads the changes that were committed, whoever made them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: Kind, action: Action, name: str, *, version: str, ref: str) -> None:
        """Write down a change of something that the database does not hold."""
        with self._database.write() as connection:
            note(connection, kind, action, name, version=version, ref=ref)

    def after(self, seq: int, limit: int = 500) -> tuple[Change, ...]:
        """The changes after ``seq``, oldest first."""
        query = select(changes).where(changes.c.seq > seq).order_by(changes.c.seq).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Change(
                seq=row.seq,
                kind=row.kind,
                action=row.action,
                name=row.name,
                version=row.version,
                id=row.ref,
                state=row.state,
            )
            for row in rows
        )

    def newest(self) -> int:
        """The number of the newest change."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(changes.c.seq))) or 0
