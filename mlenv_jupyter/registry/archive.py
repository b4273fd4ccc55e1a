"""Archive and restore: out of sight, and not gone."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, func, select, update

from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.history import remember
from mlenv_jupyter.registry.latest import settle
from mlenv_jupyter.registry.rows import E, V, now, require_environment, require_version

L = tables.labels


class Archive:
    """Environments and versions that are hidden unless they are asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, name: str, version: str | None = None, *, author: str = "", message: str = ""
    ) -> None:
        """Archive an environment, or one version of it. Raises NotFound, Conflict."""
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            if version is None:
                if environment["archived_at"]:
                    return
                self._mark(connection, environment, None, now())
            else:
                row = require_version(connection, environment, version)
                if row["archived_at"]:
                    return
                version = row["version"]
                require_unlabelled(connection, environment, row, "archived")
                require_another(connection, environment, row, "Archive the whole environment")
                self._mark(connection, environment, row, now())
            remember(
                connection,
                environment["id"],
                "archived",
                version=version,
                author=author,
                message=message,
            )
            note(connection, "environment", "changed", name, version=version)

    def take_back(
        self, name: str, version: str | None = None, *, author: str = "", message: str = ""
    ) -> None:
        """Restore an environment, or one version of it. Raises NotFound."""
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            if version is None:
                if not environment["archived_at"]:
                    return
                self._mark(connection, environment, None, None)
            else:
                row = require_version(connection, environment, version)
                if not row["archived_at"]:
                    return
                version = row["version"]
                self._mark(connection, environment, row, None)
            remember(
                connection,
                environment["id"],
                "restored",
                version=version,
                author=author,
                message=message,
            )
            note(connection, "environment", "changed", name, version=version)

    def _mark(
        self,
        connection: Connection,
        environment: RowMapping,
        row: RowMapping | None,
        at: str | None,
    ) -> None:
        changed = (
            update(E).where(E.c.id == environment["id"])
            if row is None
            else update(V).where(V.c.id == row["id"])
        )
        connection.execute(changed.values(archived_at=at))
        settle(connection, environment["id"], updated_at=now())


def require_unlabelled(
    connection: Connection, environment: RowMapping, row: RowMapping, what: str
) -> None:
    """Raise Conflict while a label means a version."""
    query = select(L.c.label).where(L.c.version_id == row["id"]).order_by(L.c.label).limit(1)
    label = connection.scalar(query)
    if label is not None:
        name = environment["name"]
        raise Conflict(
            f"{name}:{row['version']} cannot be {what}: the label {label!r} means it.",
            code="in_use",
            where="version",
            remedy=f"Move the label first: `mlenv label {name}:VERSION {label}`.",
        )


def require_another(
    connection: Connection, environment: RowMapping, row: RowMapping, instead: str
) -> None:
    """Raise Conflict where a version is the only one that is not archived."""
    others = select(func.count()).where(
        V.c.environment_id == environment["id"], V.c.archived_at.is_(None), V.c.id != row["id"]
    )
    if not connection.scalar(others):
        raise Conflict(
            f"{environment['name']!r} has no other version.",
            code="in_use",
            where="version",
            remedy=f"{instead} instead.",
        )


def refuse_archived(environment: RowMapping, *, new: bool = False) -> None:
    """Raise Conflict for what is archived; with ``new`` for what is there at all."""
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


def is_archived(name: str, version: str) -> Conflict:
    """What is said where a version would be used that is archived."""
    return Conflict(
        f"This is {name}:{version}, which is archived.",
        code="archived",
        where="version",
        remedy=f"Restore it: `mlenv restore {name}:{version}`.",
    )
