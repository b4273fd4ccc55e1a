"""Versions of environments: register, find, list, roll back, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.core.names import meant
from mlenv_jupyter.core.version import Happening
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.archive import (
    is_archived,
    refuse_archived,
    require_another,
    require_unlabelled,
)
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.checksums import checksum
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.environments import create, set_description
from mlenv_jupyter.registry.history import remember
from mlenv_jupyter.registry.latest import index, settle
from mlenv_jupyter.registry.locks import lock_of_base, newest_lock
from mlenv_jupyter.registry.rows import (
    LATEST,
    LATEST_OF,
    MAX_LIMIT,
    ONE,
    E,
    V,
    VersionRow,
    no_environment,
    no_version,
    now,
    require_environment,
    require_version,
    select_versions,
    split_cursor,
    version_of,
)

_NUMBER = re.compile(r"[1-9]\d{0,5}")
L = tables.labels


class VersionListing(NamedTuple):
    """One page of versions; ``next`` is the cursor of the following one."""

    rows: tuple[VersionRow, ...]
    next: str | None
    total: int


class Versions:
    """What an environment was and is. A version is written once and never changed."""

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
        base: str | None = None,
        version: str | None = None,
        lock_id: int | None = None,
    ) -> tuple[VersionRow, bool]:
        """The version of this definition, and whether it was made now.

        The same definition again is the version that there is. ``new`` raises Conflict where the
        environment exists. ``base`` is the version that was edited: where the same is to be
        installed, its lock is taken over. ``version`` is what it was called elsewhere, which is
        kept unless there is one of that name with another content; then the next number is given.
        ``lock_id`` is the lock of a version that is made now. Raises NotFound, Conflict.
        """
        ids = identity.definition_id(definition), identity.digest(definition)
        with self._database.write() as connection:
            environment = connection.execute(select(E).where(E.c.name == name)).mappings().first()
            if environment is not None:
                refuse_archived(environment, new=new)
            else:
                environment = create(connection, name)
            described = set_description(connection, environment["id"], description, tags)
            version = _free(connection, environment["id"], version, ids[0])
            wanted = [] if version is None else [V.c.version == version]
            same = (
                connection.execute(
                    select_versions()
                    .where(
                        V.c.environment_id == environment["id"],
                        V.c.definition_id == ids[0],
                        *wanted,
                    )
                    # The newest of several locks, and one that can be used before one that cannot.
                    .order_by(V.c.archived_at.is_(None).desc(), V.c.number.desc())
                )
                .mappings()
                .first()
            )
            if same is not None:
                if same["archived_at"]:
                    raise is_archived(name, same["version"])
                if described:
                    index(connection, environment["id"])
                    note(connection, "environment", "changed", name)
                return version_of(same), False
            if lock_id is None:
                lock_id = lock_of_base(connection, environment, base, ids[1])
            if lock_id is None:
                lock_id = newest_lock(connection, environment["id"], ids[1])
            return (
                self._add(
                    connection,
                    environment,
                    definition=msgspec.json.encode(definition).decode(),
                    ids=ids,
                    lock_id=lock_id,
                    action="registered",
                    before=base,
                    author=author,
                    message=message,
                    version=version,
                ),
                True,
            )

    def refresh(
        self, name: str, version: str, lock_id: int, *, author: str = "", message: str = ""
    ) -> tuple[VersionRow, bool]:
        """The version with the definition of another and this lock, and whether it was made now.

        Raises NotFound, Conflict for what is archived.
        """
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            refuse_archived(environment)
            row = require_version(connection, environment, version)
            same = select(V.c.id).where(
                V.c.environment_id == environment["id"],
                V.c.definition_id == row["definition_id"],
                V.c.lock_id == lock_id,
                V.c.archived_at.is_(None),
            )
            there = connection.scalar(same.order_by(V.c.number.desc()).limit(1))
            if there is not None:
                return _made(connection, there), False
            made = self._add(
                connection,
                environment,
                definition=row["definition"],
                ids=(row["definition_id"], row["digest"]),
                lock_id=lock_id,
                action="refreshed",
                before=row["version"],
                author=author,
                message=message,
            )
            return made, True

    def roll_back(
        self, name: str, version: str | None = None, *, author: str = "", message: str = ""
    ) -> VersionRow:
        """Have ``latest`` mean an older version until the next one is registered.

        The one before the present one where none is named. Raises NotFound, Conflict.
        """
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            refuse_archived(environment)
            present = require_version(connection, environment, LATEST)
            if version is None:
                query = select(V).where(
                    V.c.environment_id == environment["id"],
                    V.c.archived_at.is_(None),
                    V.c.number < present["number"],
                )
                query = query.order_by(V.c.number.desc()).limit(1)
                row = connection.execute(query).mappings().first()
                if row is None:
                    raise Conflict(
                        f"{name!r} has no version before {present['version']}.", where="version"
                    )
            else:
                row = require_version(connection, environment, version)
            if row["archived_at"]:
                raise is_archived(name, row["version"])
            if row["id"] != present["id"]:
                connection.execute(
                    update(E).where(E.c.id == environment["id"]).values(rolled_back_to=row["id"])
                )
                settle(connection, environment["id"], updated_at=now())
                remember(
                    connection,
                    environment["id"],
                    "rolled-back",
                    version=row["version"],
                    before=present["version"],
                    author=author,
                    message=message,
                )
                note(connection, "environment", "changed", name, version=row["version"])
            return _made(connection, row["id"])

    def get(self, name: str, version: str | None = None) -> VersionRow:
        """One version by its own name or a label, the latest where none is named.

        Raises NotFound.
        """
        query = LATEST_OF if version is None or version == LATEST else ONE
        values = {"name": name} if query is LATEST_OF else {"name": name, "version": version}
        with self._database.read() as connection:
            row = connection.execute(query, values).mappings().first()
            if row is None and version is not None and query is ONE:
                named = select_versions().join(L, L.c.version_id == V.c.id)
                labelled = named.where(E.c.name == name, L.c.label == version)
                row = connection.execute(labelled).mappings().first()
                for one in meant(version)[1:]:
                    other = connection.execute(ONE, {"name": name, "version": one})
                    row = row or other.mappings().first()
            if row is None:
                newest = connection.execute(LATEST_OF, {"name": name}).mappings().first()
                if newest is None:
                    raise no_environment(name)
                raise no_version(name, version, newest["version"])
        return version_of(row)

    def all(self, name: str, *, archived: bool = False) -> tuple[VersionRow, ...]:
        """All versions of an environment, newest first; raises NotFound."""
        found: list[VersionRow] = []
        cursor = None
        while True:
            page = self.page(name, limit=MAX_LIMIT, cursor=cursor, archived=archived)
            found += page.rows
            cursor = page.next
            if cursor is None:
                return tuple(found)

    def page(
        self, name: str, *, limit: int = 50, cursor: str | None = None, archived: bool = False
    ) -> VersionListing:
        """Versions of an environment, newest first; raises NotFound."""
        limit = max(1, min(limit, MAX_LIMIT))
        condition = and_(E.c.name == name, *([] if archived else [V.c.archived_at.is_(None)]))
        query = select_versions().where(condition)
        if cursor:
            query = query.where(V.c.number < split_cursor(f",{cursor}")[1])
        query = query.order_by(V.c.number.desc()).limit(limit + 1)
        counted = select(func.count()).select_from(V).join(E, E.c.id == V.c.environment_id)
        with self._database.read() as connection:
            require_environment(connection, name)
            total = connection.scalar(counted.where(condition)) or 0
            rows = [version_of(row) for row in connection.execute(query).mappings()]
        more = str(rows[limit - 1].number) if len(rows) > limit else None
        return VersionListing(tuple(rows[:limit]), more, total)

    def with_definition(self, definition_id: str, digest: str) -> tuple[VersionRow, ...]:
        """Every version of every environment with this Definition id, archived ones too.

        ``digest`` is that of the same definition: there is an index for it.
        """
        return self._having(and_(V.c.digest == digest, V.c.definition_id == definition_id))

    def with_digest(self, digest: str) -> tuple[VersionRow, ...]:
        """Every version of every environment that installs the same, archived ones left out."""
        return self._having(and_(V.c.digest == digest, V.c.archived_at.is_(None)))

    def _having(self, condition: Any) -> tuple[VersionRow, ...]:
        query = select_versions().where(condition).order_by(V.c.id.desc()).limit(MAX_LIMIT)
        with self._database.read() as connection:
            return tuple(version_of(row) for row in connection.execute(query).mappings())

    def with_lock_digest(self, lock_digest: str) -> list[tuple[str, str]]:
        """Name and version of what the prefix of a lock serves, newest first."""
        P = tables.platform_locks  # noqa: N806
        query = (
            select(E.c.name, V.c.version)
            .join(V, V.c.environment_id == E.c.id)
            .join(P, P.c.lock_id == V.c.lock_id)
            .where(P.c.lock_digest.startswith(lock_digest))
            .order_by(V.c.id.desc())
        )
        with self._database.read() as connection:
            return [(row.name, row.version) for row in connection.execute(query)]

    def set_lock(self, version_id: int, lock_id: int) -> None:
        """Give a version its lock; one that it has already stays."""
        with self._database.write() as connection:
            changed = connection.execute(
                update(V).where(V.c.id == version_id, V.c.lock_id.is_(None)).values(lock_id=lock_id)
            )
            if changed.rowcount:
                found = select(E.c.id).where(E.c.latest_id == version_id)
                for environment_id in connection.scalars(found).all():
                    index(connection, environment_id)

    def delete(self, name: str, version: str, *, author: str = "", message: str = "") -> None:
        """Forget one version, which no label means. Raises NotFound, Conflict."""
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            row = require_version(connection, environment, version)
            require_unlabelled(connection, environment, row, "deleted")
            require_another(connection, environment, row, "Delete the whole environment")
            connection.execute(delete(V).where(V.c.id == row["id"]))
            if environment["ready_version"] == row["version"]:
                connection.execute(
                    update(E).where(E.c.id == environment["id"]).values(ready_version=None)
                )
            settle(connection, environment["id"], updated_at=now())
            remember(
                connection,
                environment["id"],
                "deleted",
                version=row["version"],
                author=author,
                message=message,
            )
            note(connection, "environment", "changed", name, version=row["version"])

    def _add(
        self,
        connection: Connection,
        environment: RowMapping,
        *,
        definition: str,
        ids: tuple[str, str],
        lock_id: int | None,
        action: Happening,
        before: str | None,
        author: str,
        message: str,
        version: str | None = None,
    ) -> VersionRow:
        """Write the next version; ``latest`` means it from now on."""
        highest = select(func.coalesce(func.max(V.c.number), 0)).where(
            V.c.environment_id == environment["id"]
        )
        # A number is not given twice, even where the newest version was deleted.
        last = max(connection.scalar(highest) or 0, environment["last_number"])
        number = last + 1
        if version is not None and _NUMBER.fullmatch(version):
            # So that no later number is given a second time.
            number = max(number, int(version))
        version = version or str(number)
        row = {
            "environment_id": environment["id"],
            "number": number,
            "version": version,
            "definition": definition,
            "definition_id": ids[0],
            "digest": ids[1],
            "author": author,
            "message": message,
            "created_at": now(),
        }
        sum_ = checksum("versions", row)
        made = connection.execute(insert(V).values(**row, lock_id=lock_id, checksum=sum_))
        version_id = int(made.inserted_primary_key[0])  # type: ignore[index]
        connection.execute(
            update(E)
            .where(E.c.id == environment["id"])
            .values(rolled_back_to=None, last_number=number)
        )
        settle(connection, environment["id"], updated_at=row["created_at"])
        remember(
            connection,
            environment["id"],
            action,
            version=version,
            before=before,
            author=author,
            message=message,
        )
        note(
            connection,
            "environment",
            "created" if last == 0 else "changed",
            environment["name"],
            version=version,
        )
        return _made(connection, version_id)


def _made(connection: Connection, version_id: int) -> VersionRow:
    row = connection.execute(select_versions().where(V.c.id == version_id)).mappings().one()
    return version_of(row)


def _free(
    connection: Connection, environment_id: int, version: str | None, definition_id: str
) -> str | None:
    """The name of a version that may be given: none has it, or one of the same definition."""
    query = select(V.c.definition_id).where(
        V.c.environment_id == environment_id, V.c.version == version
    )
    there = None if version is None else connection.scalar(query)
    return version if there in (None, definition_id) else None
