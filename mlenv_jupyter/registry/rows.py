"""Rows of environments and versions: how they are selected, and what they come to as values."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, select

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
    """Environments, each with its latest version."""
    latest = [column.label(f"v_{column.name}") for column in V.c]
    return select(E, *latest).join(V, V.c.id == E.c.latest_id)


def version_of(row: RowMapping) -> VersionRow:
    """A row of ``select_versions`` as a value."""
    return _version(row, row, "", latest=row["id"] == row["latest_id"])


def environment_of(row: RowMapping) -> EnvironmentRow:
    """A row of ``select_environments`` as a value."""
    latest = _version(row, row, "v_", latest=True)
    return EnvironmentRow(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        tags=latest.tags,
        updated_at=row["updated_at"],
        archived_at=row["archived_at"],
        version_count=row["version_count"],
        ready_version=row["ready_version"],
        latest=latest,
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


def _version(row: RowMapping, environment: RowMapping, prefix: str, *, latest: bool) -> VersionRow:
    return VersionRow(
        id=row[f"{prefix}id"],
        name=environment["name"],
        version=row[f"{prefix}version"],
        number=row[f"{prefix}number"],
        definition=_definition(row[f"{prefix}definition"]),
        definition_id=row[f"{prefix}definition_id"],
        digest=row[f"{prefix}digest"],
        lock_id=row[f"{prefix}lock_id"],
        author=row[f"{prefix}author"],
        message=row[f"{prefix}message"],
        created_at=row[f"{prefix}created_at"],
        archived_at=row[f"{prefix}archived_at"],
        description=environment["description"],
        tags=msgspec.json.decode(environment["tags"], type=dict[str, str]),
        latest=latest,
    )
