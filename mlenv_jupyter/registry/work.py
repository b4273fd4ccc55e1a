"""Rows of work, builds and runs alike: an index of what is in their directories."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, insert, select, update

from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.registry.changes import Action, Kind, note
from mlenv_jupyter.registry.database import Database


class Work(Protocol):
    """What both have."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def created_at(self) -> str: ...

    @property
    def ended(self) -> bool: ...


T = TypeVar("T", bound=Work)


class WorkRows(Generic[T]):
    """Work, newest first; it is a row before it is work. ``later`` may change after the end."""

    def __init__(
        self,
        database: Database,
        table: Table,
        kind: Kind,
        values: type[T],
        ended: Collection[str],
        later: frozenset[str] = frozenset(),
    ) -> None:
        self._database = database
        self._table = table
        self._kind = kind
        self._ended = ended
        self._later = later
        self._decode = msgspec.json.Decoder(values).decode

    def update(self, work_id: str, **fields: Any) -> T:
        """Change fields; what has ended keeps nearly all as it is. Raises NotFound."""
        columns = self._table.c
        with self._database.write() as connection:
            found = connection.scalar(select(columns.record).where(columns.id == work_id))
            if found is None:
                raise self._missing(work_id)
            before = self._decode(found)
            if before.ended and fields.keys() - self._later:
                return before
            work: T = msgspec.structs.replace(before, **fields)  # type: ignore[type-var]
            connection.execute(
                update(self._table)
                .where(columns.id == work_id)
                .values(state=work.state, record=_text(work))
            )
            self._note(connection, work, "changed")
            return work

    def get(self, work_id: str) -> T:
        """One of them; raises NotFound."""
        columns = self._table.c
        with self._database.read() as connection:
            found = connection.scalar(select(columns.record).where(columns.id == work_id))
        if found is None:
            raise self._missing(work_id)
        return self._decode(found)

    def running(self) -> tuple[T, ...]:
        """Those that have not ended, oldest first."""
        columns = self._table.c
        query = select(columns.record).where(columns.state.not_in(self._ended))
        with self._database.read() as connection:
            found = connection.scalars(query.order_by(columns.created_at))
            return tuple(self._decode(one) for one in found)

    def _newest(self, limit: int, *where: ColumnElement[bool]) -> tuple[T, ...]:
        columns = self._table.c
        query = select(columns.record).where(*where).limit(limit)
        with self._database.read() as connection:
            found = connection.scalars(query.order_by(columns.created_at.desc(), columns.id.desc()))
            return tuple(self._decode(one) for one in found)

    def _insert(self, connection: Connection, work: T, **columns: Any) -> None:
        connection.execute(
            insert(self._table).values(
                id=work.id,
                name=work.name,
                version=work.version,
                state=work.state,
                record=_text(work),
                created_at=work.created_at,
                **columns,
            )
        )
        self._note(connection, work, "created")

    def _note(self, connection: Connection, work: T, action: Action) -> None:
        note(
            connection,
            self._kind,
            action,
            work.name,
            version=work.version,
            ref=work.id,
            state=work.state,
        )

    def _missing(self, work_id: str) -> NotFound:
        return NotFound(
            f"There is no {self._kind} {work_id[:80]!r}.",
            where="id",
            remedy=f"`mlenv {self._kind}s` lists them.",
        )


def _text(work: Work) -> str:
    return msgspec.json.encode(work).decode()
