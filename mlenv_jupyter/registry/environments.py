"""Environments: find, list and search, describe, delete."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    tuple_,
    update,
)

from mlenv_jupyter.registry import search, tables
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.history import remember
from mlenv_jupyter.registry.latest import settle
from mlenv_jupyter.registry.rows import (
    MAX_LIMIT,
    WITH_IDS,
    E,
    EnvironmentRow,
    V,
    environment_of,
    no_environment,
    now,
    require_environment,
    select_environments,
    split_cursor,
)

L = tables.labels


class Listing(NamedTuple):
    """One page of environments; ``next`` is the cursor of the following one."""

    rows: tuple[EnvironmentRow, ...]
    next: str | None
    total: int


class Environments:
    """What has a name, and versions (`versions.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._totals: tuple[int, dict[tuple[str, ...], int]] = (0, {})

    def exists(self, name: str) -> bool:
        """Whether there is an environment of that name."""
        with self._database.read() as connection:
            return connection.scalar(select(E.c.id).where(E.c.name == name)) is not None

    def get(self, name: str) -> EnvironmentRow:
        """One environment, archived or not; raises NotFound."""
        with self._database.read() as connection:
            query = select_environments().where(E.c.name == name)
            row = connection.execute(query).first()
        if row is None:
            raise no_environment(name)
        return environment_of(row)

    def page(
        self,
        query: str = "",
        *,
        limit: int = 50,
        cursor: str | None = None,
        archived: bool = False,
    ) -> Listing:
        """Environments, the most recently changed first; every word of ``query`` must match."""
        limit = max(1, min(limit, MAX_LIMIT))
        after = split_cursor(cursor) if cursor else None
        words = search.words_of(query)
        with self._database.read() as connection:
            if words and self._database.searchable:
                found = search.matching(connection, words, archived=archived)
                if found is not None:
                    left = [key for key in found if after is None or key < after]
                    return _listing(connection, left[: limit + 1], limit, len(found))
            if not words:
                return self._newest(connection, after, limit, archived=archived)
            shown = [] if archived else [E.c.archived_at.is_(None)]
            condition = and_(True, *search.contains(words), *shown)
            newest = connection.scalar(select(func.max(tables.changes.c.seq)))
            total = self._total(connection, condition, (*words, "", str(archived)), newest)
            if after is not None:
                condition = and_(condition, tuple_(E.c.updated_at, E.c.id) < tuple_(*after))
            matching = select(E.c.updated_at, E.c.id).where(condition).limit(limit + 1)
            read = connection.execute(matching.order_by(E.c.updated_at.desc(), E.c.id.desc()))
            return _listing(connection, [(row[0], row[1]) for row in read], limit, total)

    def _newest(
        self,
        connection: Connection,
        after: tuple[str, int] | None,
        limit: int,
        *,
        archived: bool,
    ) -> Listing:
        """The environments that changed last, in one query: a second takes as long as the first."""
        values = {"count": limit + 1, **dict(zip(("at", "id"), after or (), strict=False))}
        read = connection.execute(_newest(archived, after is not None), values).all()
        # Sorted here: for an order in the query SQLite would walk the index of the whole table.
        rows = tuple(map(environment_of, sorted(read, key=itemgetter(4, 0), reverse=True)[:limit]))
        counted = true() if archived else E.c.archived_at.is_(None)
        newest = read[0][-1] if read else None
        total = self._total(connection, counted, ("", str(archived)), newest)
        more = f"{rows[-1].updated_at},{rows[-1].id}" if len(read) > limit else None
        return Listing(rows, more, total)

    def _total(
        self,
        connection: Connection,
        condition: ColumnElement[bool],
        key: tuple[str, ...],
        newest: int | None,
    ) -> int:
        """How many there are: counted once between two changes of anything, the newest of which
        is given."""
        newest = newest or 0
        at, totals = self._totals
        if at != newest:
            at, totals = self._totals = newest, {}
        if key not in totals:
            counted = select(func.count()).select_from(E).where(condition)
            totals[key] = connection.scalar(counted) or 0
        return totals[key]

    def describe(
        self,
        name: str,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        author: str = "",
        message: str = "",
    ) -> None:
        """Change description and tags in place: they are no part of a version. Raises NotFound."""
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            if not set_description(connection, environment["id"], description, tags):
                return
            settle(connection, environment["id"], updated_at=now())
            remember(connection, environment["id"], "described", author=author, message=message)
            note(connection, "environment", "changed", name)

    def set_ready(self, name: str, version: str) -> None:
        """Remember the newest version that is built."""
        with self._database.write() as connection:
            connection.execute(update(E).where(E.c.name == name).values(ready_version=version))

    def delete(self, name: str) -> None:
        """Forget an environment, its versions and its history; raises NotFound."""
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            for one in (L, tables.history, V):
                connection.execute(delete(one).where(one.c.environment_id == environment["id"]))
            connection.execute(delete(E).where(E.c.id == environment["id"]))
            note(connection, "environment", "deleted", name)


def create(connection: Connection, name: str) -> RowMapping:
    """The row of a new environment, in a transaction."""
    at = now()
    connection.execute(insert(E).values(name=name, created_at=at, updated_at=at, version_count=0))
    return require_environment(connection, name)


def set_description(
    connection: Connection,
    environment_id: int,
    description: str | None,
    tags: Mapping[str, str] | None,
) -> bool:
    """Write what is given, in a transaction; whether there was anything."""
    values: dict[str, Any] = {}
    if description is not None:
        values["description"] = description
    if tags is not None:
        values["tags"] = msgspec.json.encode(dict(tags), order="sorted").decode()
    if values:
        connection.execute(update(E).where(E.c.id == environment_id).values(**values))
    return bool(values)


@lru_cache
def _newest(archived: bool, paged: bool) -> Any:
    """A page without a search, and with each row the newest change; made once.

    Its keys are found in an index alone.
    """
    keys = select(E.c.id).limit(bindparam("count"))
    if not archived:
        keys = keys.where(E.c.archived_at.is_(None))
    if paged:
        keys = keys.where(tuple_(E.c.updated_at, E.c.id) < tuple_(bindparam("at"), bindparam("id")))
    ids = keys.order_by(E.c.updated_at.desc(), E.c.id.desc()).subquery().c.id
    newest = select(func.max(tables.changes.c.seq)).scalar_subquery()
    return select_environments().add_columns(newest).where(E.c.id.in_(select(ids)))


def _listing(
    connection: Connection, keys: list[tuple[str, int]], limit: int, total: int
) -> Listing:
    """The page of these keys; one more than fits says that there is a following page."""
    shown = keys[:limit]
    # Sorted here: for an order in the query SQLite would walk the index of the whole table.
    ids = {"ids": [key[1] for key in shown]}
    # All at once: one by one SQLAlchemy takes twice as long.
    found = {row[0]: environment_of(row) for row in connection.execute(WITH_IDS, ids).all()}
    rows = tuple(found[key[1]] for key in shown if key[1] in found)
    more = f"{shown[-1][0]},{shown[-1][1]}" if len(keys) > limit else None
    return Listing(rows, more, total)
