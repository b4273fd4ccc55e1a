"""Labels: names that mean a version now and may mean another one later."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, insert, select, update

from mlenv_jupyter.core.errors import Conflict, NotFound
from mlenv_jupyter.core.version import Label
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.history import remember
from mlenv_jupyter.registry.latest import index
from mlenv_jupyter.registry.rows import E, V, now, require_environment, require_version

L = tables.labels


class Labels:
    """Every label but ``latest``, which follows from the versions (see ``latest.py``)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(
        self,
        name: str,
        label: str,
        version: str,
        *,
        expected: str | None = None,
        author: str = "",
        message: str = "",
    ) -> None:
        """Have a label mean a version from now on: every reader sees the old one or the new one.

        ``expected`` is the version that it must mean until now. Raises NotFound, Conflict.
        """
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            row = require_version(connection, environment, version)
            if row["archived_at"]:
                raise Conflict(
                    f"{name}:{row['version']} is archived.",
                    where="version",
                    remedy=f"Restore it first: `mlenv restore {name}:{row['version']}`.",
                )
            taken = select(V.c.id).where(
                V.c.environment_id == environment["id"], V.c.version == label
            )
            if connection.scalar(taken) is not None:
                raise Conflict(
                    f"{label!r} is a version of {name!r}.",
                    where="label",
                    remedy="Choose another word for the label.",
                )
            here = (L.c.environment_id == environment["id"], L.c.label == label)
            before = connection.scalar(
                select(V.c.version).join(L, L.c.version_id == V.c.id).where(*here)
            )
            if expected is not None and expected != before:
                raise Conflict(
                    f"{label!r} means {before or 'no version'} by now, not {expected}.",
                    code="label_moved",
                    where="expected",
                    remedy="Look at it again before you move it.",
                )
            if before == row["version"]:
                return
            values = {"version_id": row["id"], "author": author, "moved_at": now()}
            if before is None:
                connection.execute(
                    insert(L).values(environment_id=environment["id"], label=label, **values)
                )
            else:
                connection.execute(update(L).where(*here).values(**values))
            remember(
                connection,
                environment["id"],
                "labelled",
                version=row["version"],
                before=before,
                label=label,
                author=author,
                message=message,
            )
            index(connection, environment["id"])
            note(connection, "environment", "changed", name, version=row["version"])

    def remove(self, name: str, label: str, *, author: str = "", message: str = "") -> None:
        """Take a label away; raises NotFound."""
        with self._database.write() as connection:
            environment = require_environment(connection, name)
            here = (L.c.environment_id == environment["id"], L.c.label == label)
            before = connection.scalar(
                select(V.c.version).join(L, L.c.version_id == V.c.id).where(*here)
            )
            if before is None:
                raise NotFound(f"{name!r} has no label {label!r}.", where="label")
            connection.execute(delete(L).where(*here))
            remember(
                connection,
                environment["id"],
                "unlabelled",
                before=before,
                label=label,
                author=author,
                message=message,
            )
            index(connection, environment["id"])
            note(connection, "environment", "changed", name, version=before)

    def of(self, names: Iterable[str]) -> dict[str, tuple[Label, ...]]:
        """The labels of each environment that has any, by label."""
        query = (
            select(E.c.name, L.c.label, V.c.version, L.c.author, L.c.moved_at)
            .join(E, E.c.id == L.c.environment_id)
            .join(V, V.c.id == L.c.version_id)
            .where(E.c.name.in_(list(names)))
            .order_by(L.c.label)
        )
        found: dict[str, list[Label]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.name, []).append(
                    Label(
                        label=row.label,
                        version=row.version,
                        author=row.author,
                        moved_at=row.moved_at,
                    )
                )
        return {name: tuple(labels) for name, labels in found.items()}

    def of_versions(self, version_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """The labels that mean each version, by its id."""
        query = (
            select(L.c.version_id, L.c.label)
            .where(L.c.version_id.in_(list(version_ids)))
            .order_by(L.c.label)
        )
        found: dict[int, tuple[str, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found[row.version_id] = (*found.get(row.version_id, ()), row.label)
        return found
