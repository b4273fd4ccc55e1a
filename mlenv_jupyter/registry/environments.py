"""Environments and their versions: register, find, list, delete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    RowMapping,
    and_,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound
from mlenv_jupyter.core.version import Source
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.database import Database

LATEST = "latest"
MAX_LIMIT = 500
E, V = tables.environments, tables.versions


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version as it is stored, or a curated one in the same form."""

    id: int
    name: str
    version: str
    number: int
    definition: Definition
    definition_id: str
    digest: str
    lock_id: int | None
    author: str
    message: str
    created_at: str
    source: Source = "registry"


class EnvironmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One environment as it is stored, with its newest version."""

    id: int
    name: str
    description: str
    tags: dict[str, str]
    updated_at: str
    version_count: int
    ready_version: str | None
    latest: VersionRow


class Listing(NamedTuple):
    """One page of environments; ``next`` is the cursor of the following one."""

    rows: tuple[EnvironmentRow, ...]
    next: str | None
    total: int


class Environments:
    """Environments and versions. A version is written once and never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(
        self,
        name: str,
        definition: Definition,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        author: str = "",
        message: str = "",
        new: bool = False,
    ) -> tuple[VersionRow, bool]:
        """The version of this definition, and whether it was made now.

        The same definition again is the version that there is. ``new`` raises Conflict where the
        environment exists.
        """
        now = _now()
        ids = identity.definition_id(definition), identity.digest(definition)
        with self._database.write() as connection:
            found = connection.execute(select(E).where(E.c.name == name)).first()
            if found is not None and new:
                raise Conflict(
                    f"There is an environment {name!r} already.",
                    where="name",
                    remedy="Choose another name, or save a new version of it.",
                )
            environment_id = found.id if found is not None else self._create(connection, name, now)
            self._describe(connection, environment_id, description, tags)
            same = connection.execute(
                _versions()
                .where(V.c.environment_id == environment_id, V.c.definition_id == ids[0])
                .order_by(V.c.number.desc())
            ).first()
            if same is not None:
                return _version(same), False
            highest = select(func.coalesce(func.max(V.c.number), 0)).where(
                V.c.environment_id == environment_id
            )
            number = (connection.scalar(highest) or 0) + 1
            version_id = connection.execute(
                insert(V).values(
                    environment_id=environment_id,
                    number=number,
                    version=str(number),
                    definition=msgspec.json.encode(definition).decode(),
                    definition_id=ids[0],
                    digest=ids[1],
                    lock_id=_newest_lock(connection, ids[1]),
                    author=author,
                    message=message,
                    created_at=now,
                )
            ).inserted_primary_key[0]  # type: ignore[index]
            connection.execute(
                update(E)
                .where(E.c.id == environment_id)
                .values(latest_id=version_id, updated_at=now, version_count=E.c.version_count + 1)
            )
            self._index(connection, environment_id, definition)
            action = "created" if found is None else "changed"
            note(connection, "environment", action, name, version=str(number))  # type: ignore[arg-type]
            made = connection.execute(_versions().where(V.c.id == version_id)).one()
            return _version(made), True

    def exists(self, name: str) -> bool:
        """Whether there is an environment of that name."""
        with self._database.read() as connection:
            return connection.scalar(select(E.c.id).where(E.c.name == name)) is not None

    def get(self, name: str) -> EnvironmentRow:
        """One environment; raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(_environments().where(E.c.name == name)).mappings().first()
        if row is None:
            raise NotFound(
                f"There is no environment {name!r}.",
                where="name",
                remedy="`mlenv list` shows what there is.",
            )
        return _environment(row)

    def versions(self, name: str) -> tuple[VersionRow, ...]:
        """All versions of an environment, newest first; raises NotFound."""
        query = _versions().where(E.c.name == name).order_by(V.c.number.desc())
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        if not rows:
            self.get(name)
        return tuple(map(_version, rows))

    def version(self, name: str, version: str | None = None) -> VersionRow:
        """One version, the newest where none is named; raises NotFound."""
        query = _versions().where(E.c.name == name)
        if version is None or version == LATEST:
            query = query.where(V.c.id == E.c.latest_id)
        else:
            query = query.where(V.c.version == version)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            there = self.versions(name)
            raise NotFound(
                f"{name!r} has no version {version!r}.",
                where="version",
                remedy=f"Its newest is {there[0].version}." if there else "",
            )
        return _version(row)

    def page(self, query: str = "", *, limit: int = 50, cursor: str | None = None) -> Listing:
        """Environments, the most recently changed first; every word of ``query`` must match."""
        limit = max(1, min(limit, MAX_LIMIT))
        wanted = [E.c.search.contains(word, autoescape=True) for word in query.lower().split()[:16]]
        condition = and_(True, *wanted)
        rows_query = _environments().where(condition)
        if cursor:
            rows_query = rows_query.where(tuple_(E.c.updated_at, E.c.id) < tuple_(*_cursor(cursor)))
        rows_query = rows_query.order_by(E.c.updated_at.desc(), E.c.id.desc()).limit(limit + 1)
        with self._database.read() as connection:
            total = connection.scalar(select(func.count()).select_from(E).where(condition)) or 0
            rows = [_environment(row) for row in connection.execute(rows_query).mappings()]
        more = rows[limit - 1] if len(rows) > limit else None
        return Listing(tuple(rows[:limit]), f"{more.updated_at},{more.id}" if more else None, total)

    def set_lock(self, version_id: int, lock_id: int) -> None:
        """Give a version its lock; one that it has already stays."""
        with self._database.write() as connection:
            connection.execute(
                update(V).where(V.c.id == version_id, V.c.lock_id.is_(None)).values(lock_id=lock_id)
            )

    def set_ready(self, name: str, version: str) -> None:
        """Remember the newest version that is built."""
        with self._database.write() as connection:
            connection.execute(update(E).where(E.c.name == name).values(ready_version=version))

    def delete(self, name: str) -> None:
        """Forget an environment and its versions; raises NotFound."""
        self.get(name)
        with self._database.write() as connection:
            inner = select(E.c.id).where(E.c.name == name).scalar_subquery()
            connection.execute(delete(V).where(V.c.environment_id == inner))
            connection.execute(delete(E).where(E.c.name == name))
            note(connection, "environment", "deleted", name)

    def _create(self, connection: Connection, name: str, now: str) -> int:
        made = connection.execute(
            insert(E).values(name=name, created_at=now, updated_at=now, version_count=0)
        )
        return int(made.inserted_primary_key[0])  # type: ignore[index]

    def _describe(
        self,
        connection: Connection,
        environment_id: int,
        description: str | None,
        tags: Mapping[str, str] | None,
    ) -> None:
        values: dict[str, Any] = {}
        if description is not None:
            values["description"] = description
        if tags is not None:
            values["tags"] = msgspec.json.encode(dict(tags), order="sorted").decode()
        if values:
            connection.execute(update(E).where(E.c.id == environment_id).values(**values))

    def _index(self, connection: Connection, environment_id: int, definition: Definition) -> None:
        row = connection.execute(select(E).where(E.c.id == environment_id)).one()
        words = [row.name, row.description, row.tags, *definition.wanted]
        connection.execute(
            update(E).where(E.c.id == environment_id).values(search="\n".join(words).lower())
        )


def _versions() -> Any:
    return select(V, E.c.name).join(E, E.c.id == V.c.environment_id)


def _environments() -> Any:
    latest = [column.label(f"v_{column.name}") for column in V.c]
    return select(E, *latest).join(V, V.c.id == E.c.latest_id)


def _newest_lock(connection: Connection, digest: str) -> int | None:
    locks = tables.locks
    query = select(locks.c.id).where(locks.c.digest == digest).order_by(locks.c.id.desc()).limit(1)
    found = connection.scalar(query)
    return None if found is None else int(found)


def _version(row: Row[Any]) -> VersionRow:
    return _row_to_version(row._mapping, row.name, "")


def _row_to_version(row: RowMapping, name: str, prefix: str) -> VersionRow:
    return VersionRow(
        id=row[f"{prefix}id"],
        name=name,
        version=row[f"{prefix}version"],
        number=row[f"{prefix}number"],
        definition=msgspec.json.decode(row[f"{prefix}definition"], type=Definition),
        definition_id=row[f"{prefix}definition_id"],
        digest=row[f"{prefix}digest"],
        lock_id=row[f"{prefix}lock_id"],
        author=row[f"{prefix}author"],
        message=row[f"{prefix}message"],
        created_at=row[f"{prefix}created_at"],
    )


def _environment(row: RowMapping) -> EnvironmentRow:
    return EnvironmentRow(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        tags=msgspec.json.decode(row["tags"], type=dict[str, str]),
        updated_at=row["updated_at"],
        version_count=row["version_count"],
        ready_version=row["ready_version"],
        latest=_row_to_version(row, row["name"], "v_"),
    )


def _cursor(cursor: str) -> tuple[str, int]:
    at, comma, number = cursor.partition(",")
    if not comma or not number.isdigit() or len(cursor) > 60:
        raise InvalidRequest(
            f"{cursor[:80]!r} is not a cursor of this list.",
            where="cursor",
            remedy="Take `next` of the page before, or leave it out.",
        )
    return at, int(number)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
