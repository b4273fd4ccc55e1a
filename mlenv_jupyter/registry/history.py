"""What happened to an environment, in order: who, when, and why."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from mlenv_jupyter.core.version import Happening, HistoryEntry
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.rows import E, now, require_environment, split_cursor

H = tables.history


class HistoryPage(NamedTuple):
    """One page of a history; ``next`` is the cursor of the following one."""

    entries: tuple[HistoryEntry, ...]
    next: str | None
    total: int


def remember(
    connection: Connection,
    environment_id: int,
    action: Happening,
    *,
    version: str | None = None,
    before: str | None = None,
    label: str | None = None,
    author: str = "",
    message: str = "",
) -> None:
    """Write down what happens, in the transaction that does it."""
    connection.execute(
        insert(H).values(
            environment_id=environment_id,
            at=now(),
            action=action,
            version=version,
            before=before,
            label=label,
            author=author,
            message=message,
        )
    )


class History:
    """Reads what happened; it goes with its environment when that is deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, name: str, *, limit: int = 50, cursor: str | None = None) -> HistoryPage:
        """What happened to an environment, newest first; raises NotFound."""
        query = select(H).join(E, E.c.id == H.c.environment_id).where(E.c.name == name)
        if cursor:
            query = query.where(H.c.id < split_cursor(f",{cursor}")[1])
        query = query.order_by(H.c.id.desc()).limit(limit + 1)
        counted = select(func.count()).select_from(H).join(E, E.c.id == H.c.environment_id)
        with self._database.read() as connection:
            require_environment(connection, name)
            total = connection.scalar(counted.where(E.c.name == name)) or 0
            rows = connection.execute(query).all()
        entries = tuple(
            HistoryEntry(
                at=row.at,
                action=row.action,
                version=row.version,
                before=row.before,
                label=row.label,
                author=row.author,
                message=row.message,
            )
            for row in rows[:limit]
        )
        return HistoryPage(entries, str(rows[limit - 1].id) if len(rows) > limit else None, total)
