"""Rows of environments and versions: how they are selected, and what they come to as values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, bindparam, select

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, NotFound
from mlenv_jupyter.core.names import meant
from mlenv_jupyter.core.version import Source
from mlenv_jupyter.registry import tables

E, V = tables.environments, tables.versions


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version as it is stored, or a curated one in the same form.

    ``latest`` says whether it is what the label ``latest`` means; the other labels are in a table
    of their own.
    """

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
    archived_at: str | None = None
    description: str = ""
    tags: dict[str, str] = {}
    latest: bool = False
    source: Source = "registry"


class EnvironmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One environment as it is stored, with the version that ``latest`` means."""

    id: int
    name: str
    description: str
    tags: dict[str, str]
    updated_at: str
    archived_at: str | None
    version_count: int
    ready_version: str | None
    latest: VersionRow


def select_versions() -> Any:
    """Versions with what they need of their environments."""
    return select(V, E.c.name, E.c.description, E.c.tags, E.c.latest_id).join(
        E, E.c.id == V.c.environment_id
    )


def select_environments() -> Any:
    """Environments, each with its latest version, in the order that ``environment_of`` reads."""
    own = (E.c.id, E.c.name, E.c.description, E.c.tags, E.c.updated_at, E.c.archived_at)
    latest = (V.c.id, V.c.version, V.c.number, V.c.definition, V.c.definition_id, V.c.digest)
    more = (V.c.lock_id, V.c.author, V.c.message, V.c.created_at, V.c.archived_at)
    query = select(*own, E.c.version_count, E.c.ready_version, *latest, *more)
    return query.join(V, V.c.id == E.c.latest_id)


WITH_IDS = select_environments().where(E.c.id.in_(bindparam("ids", expanding=True)))
"""Made once: making a query takes SQLAlchemy longer than a database needs to answer it."""


ONE = select_versions().where(E.c.name == bindparam("name"), V.c.version == bindparam("version"))
LATEST_OF = select_versions().where(E.c.name == bindparam("name"), V.c.id == E.c.latest_id)


def version_of(row: RowMapping) -> VersionRow:
    """A row of ``select_versions`` as a value."""
    return _version(row, latest=row["id"] == row["latest_id"])


def environment_of(row: Sequence[Any]) -> EnvironmentRow:
    """A row of ``select_environments`` as a value; by place, which is twice as fast as by name."""
    tags = msgspec.json.decode(row[3], type=dict[str, str])
    return EnvironmentRow(
        id=row[0],
        name=row[1],
        description=row[2],
        tags=tags,
        updated_at=row[4],
        archived_at=row[5],
        version_count=row[6],
        ready_version=row[7],
        latest=VersionRow(
            id=row[8],
            name=row[1],
            version=row[9],
            number=row[10],
            definition=_definition(row[11]),
            definition_id=row[12],
            digest=row[13],
            lock_id=row[14],
            author=row[15],
            message=row[16],
            created_at=row[17],
            archived_at=row[18],
            description=row[2],
            tags=tags,
            latest=True,
        ),
    )


def require_environment(connection: Connection, name: str) -> RowMapping:
    """The row of an environment, in a transaction; raises NotFound."""
    row = connection.execute(select(E).where(E.c.name == name)).mappings().first()
    if row is None:
        raise no_environment(name)
    return row


def require_version(connection: Connection, environment: RowMapping, version: str) -> RowMapping:
    """The row of a version of an environment, in a transaction; raises NotFound."""
    query = select(V).where(V.c.environment_id == environment["id"])
    for one in meant(version):
        wanted = V.c.id == environment["latest_id"] if one == LATEST else V.c.version == one
        row = connection.execute(query.where(wanted)).mappings().first()
        if row is not None:
            return row
    raise no_version(environment["name"], version)


LATEST = "latest"
"""The label that mlenv keeps itself."""

MAX_LIMIT = 500
"""The most rows of one page."""


def no_environment(name: str) -> NotFound:
    """What is said where a name is not registered."""
    return NotFound(
        f"There is no environment {name!r}.",
        where="name",
        remedy="`mlenv list` shows what there is.",
    )


def no_version(name: str, version: str | None, newest: str = "") -> NotFound:
    """What is said where a version is neither there nor a label."""
    remedy = f"Its newest is {newest}." if newest else f"`mlenv history {name}` shows them."
    return NotFound(f"{name!r} has no version {version!r}.", where="version", remedy=remedy)


def split_cursor(cursor: str) -> tuple[str, int]:
    """The two halves of a cursor; raises InvalidRequest."""
    at, comma, number = cursor.rpartition(",")
    if not comma or not (number.isascii() and number.isdigit()) or len(cursor) > 60:
        raise InvalidRequest(
            f"{cursor[:80]!r} is not a cursor of this list.",
            where="cursor",
            remedy="Take `next` of the page before, or leave it out.",
        )
    return at, int(number)


def now() -> str:
    """The time to the second, as rows have it: ISO 8601, UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4096)
def _definition(text: str) -> Definition:
    """Decoded once: it never changes, and a list has the same ones again and again."""
    return msgspec.json.decode(text, type=Definition)


def _version(row: RowMapping, *, latest: bool) -> VersionRow:
    return VersionRow(
        id=row["id"],
        name=row["name"],
        version=row["version"],
        number=row["number"],
        definition=_definition(row["definition"]),
        definition_id=row["definition_id"],
        digest=row["digest"],
        lock_id=row["lock_id"],
        author=row["author"],
        message=row["message"],
        created_at=row["created_at"],
        archived_at=row["archived_at"],
        description=row["description"],
        tags=msgspec.json.decode(row["tags"], type=dict[str, str]),
        latest=latest,
    )
