"""Environments and their versions: register, find, list, describe, roll back, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
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

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.core.names import meant
from mlenv_jupyter.core.version import Happening
from mlenv_jupyter.registry import search, tables
from mlenv_jupyter.registry.archive import require_another, require_unlabelled
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.checksums import checksum
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.history import remember
from mlenv_jupyter.registry.latest import index, settle
from mlenv_jupyter.registry.rows import (
    LATEST,
    LATEST_OF,
    ONE,
    WITH_IDS,
    E,
    EnvironmentRow,
    V,
    VersionRow,
    environment_of,
    no_environment,
    no_version,
    now,
    require_environment,
    require_version,
    select_environments,
    select_versions,
    split_cursor,
    version_of,
)

_NUMBER = re.compile(r"[1-9]\d{0,5}")
MAX_LIMIT = 500
L, K = tables.labels, tables.locks


class Listing(NamedTuple):
    """One page of environments; ``next`` is the cursor of the following one."""

    rows: tuple[EnvironmentRow, ...]
    next: str | None
    total: int


class VersionListing(NamedTuple):
    """One page of versions; ``next`` is the cursor of the following one."""

    rows: tuple[VersionRow, ...]
    next: str | None
    total: int


class Environments:
    """Environments and versions. A version is written once and never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._totals: tuple[int, dict[tuple[str, ...], int]] = (0, {})

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
                _refuse_archived(environment, new=new)
            else:
                environment = self._create(connection, name)
            described = self._describe(connection, environment["id"], description, tags)
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
                    raise _archived(name, same["version"])
                if described:
                    index(connection, environment["id"])
                    note(connection, "environment", "changed", name)
                return version_of(same), False
            if lock_id is None:
                lock_id = _lock_of_base(connection, environment, base, ids[1])
            if lock_id is None:
                lock_id = _newest_lock(connection, environment["id"], ids[1])
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
            _refuse_archived(environment)
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
            _refuse_archived(environment)
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
                raise _archived(name, row["version"])
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
            if not self._describe(connection, environment["id"], description, tags):
                return
            settle(connection, environment["id"], updated_at=now())
            remember(connection, environment["id"], "described", author=author, message=message)
            note(connection, "environment", "changed", name)

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

    def versions(self, name: str, *, archived: bool = False) -> tuple[VersionRow, ...]:
        """All versions of an environment, newest first; raises NotFound."""
        found: list[VersionRow] = []
        cursor = None
        while True:
            page = self.versions_page(name, limit=MAX_LIMIT, cursor=cursor, archived=archived)
            found += page.rows
            cursor = page.next
            if cursor is None:
                return tuple(found)

    def versions_page(
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

    def version(self, name: str, version: str | None = None) -> VersionRow:
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
            raise no_version(name, version, self.get(name).latest.version)
        return version_of(row)

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
                keys, total = self._newest(connection, after, limit + 1, archived=archived)
                return _listing(connection, keys, limit, total)
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
        count: int,
        *,
        archived: bool,
    ) -> tuple[list[tuple[str, int]], int]:
        """The keys of the environments that changed last, from an index alone, and how many there
        are in all."""
        values = {"count": count, **dict(zip(("at", "id"), after or (), strict=False))}
        read = connection.execute(_newest(archived, after is not None), values).all()
        newest = read[0][2] if read else None
        shown = true() if archived else E.c.archived_at.is_(None)
        total = self._total(connection, shown, ("", str(archived)), newest)
        return [(row[0], row[1]) for row in read], total

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

    def delete_version(
        self, name: str, version: str, *, author: str = "", message: str = ""
    ) -> None:
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

    def _create(self, connection: Connection, name: str) -> RowMapping:
        at = now()
        connection.execute(
            insert(E).values(name=name, created_at=at, updated_at=at, version_count=0)
        )
        return require_environment(connection, name)

    def _describe(
        self,
        connection: Connection,
        environment_id: int,
        description: str | None,
        tags: Mapping[str, str] | None,
    ) -> bool:
        values: dict[str, Any] = {}
        if description is not None:
            values["description"] = description
        if tags is not None:
            values["tags"] = msgspec.json.encode(dict(tags), order="sorted").decode()
        if values:
            connection.execute(update(E).where(E.c.id == environment_id).values(**values))
        return bool(values)

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


@lru_cache
def _newest(archived: bool, paged: bool) -> Any:
    """The keys of a page without a search, and the newest change; made once."""
    newest = select(func.max(tables.changes.c.seq)).scalar_subquery()
    query = select(E.c.updated_at, E.c.id, newest).limit(bindparam("count"))
    if not archived:
        query = query.where(E.c.archived_at.is_(None))
    if paged:
        query = query.where(
            tuple_(E.c.updated_at, E.c.id) < tuple_(bindparam("at"), bindparam("id"))
        )
    return query.order_by(E.c.updated_at.desc(), E.c.id.desc())


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


def _refuse_archived(environment: RowMapping, *, new: bool = False) -> None:
    name = environment["name"]
    if environment["archived_at"]:
        raise Conflict(
            f"{name!r} is archived.",
            code="archived",
            where="name",
            remedy=f"Restore it: `mlenv restore {name}`."
            + (" Or use another name." if new else ""),
        )
    if new:
        raise Conflict(
            f"There is an environment {name!r} already.",
            where="name",
            remedy="Choose another name, or save a new version of it.",
        )


def _archived(name: str, version: str) -> Conflict:
    return Conflict(
        f"This is {name}:{version}, which is archived.",
        code="archived",
        where="version",
        remedy=f"Restore it: `mlenv restore {name}:{version}`.",
    )


def _lock_of_base(
    connection: Connection, environment: RowMapping, base: str | None, digest: str
) -> int | None:
    """The lock of the version that was edited, where the same is to be installed."""
    if base is None or environment["latest_id"] is None:
        return None
    row = require_version(connection, environment, base)
    return row["lock_id"] if row["digest"] == digest else None


def _newest_lock(connection: Connection, environment_id: int, digest: str) -> int | None:
    """A lock of the same digest: that of this environment's newest version, or anybody's newest."""
    own = (
        select(V.c.lock_id)
        .where(V.c.environment_id == environment_id, V.c.digest == digest, V.c.lock_id.is_not(None))
        .order_by(V.c.number.desc())
        .limit(1)
    )
    other = select(K.c.id).where(K.c.digest == digest).order_by(K.c.id.desc()).limit(1)
    found = connection.scalar(own) or connection.scalar(other)
    return None if found is None else int(found)
