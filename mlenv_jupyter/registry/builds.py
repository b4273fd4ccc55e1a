"""Rows of builds: an index of what ``result.json`` and ``log.jsonl`` say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import insert, select, tuple_, update

from mlenv_jupyter.core.build import ENDED, Build
from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.database import Database

B = tables.builds


class Builds:
    """Builds, newest first. A build is a row before it is work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, build: Build) -> tuple[Build, bool]:
        """Write down a build, or join the one of this version that has not ended.

        Returns the build, and whether it is the one given.
        """
        running = (
            select(B.c.record)
            .where(B.c.name == build.name, B.c.version == build.version, B.c.state.not_in(ENDED))
            .order_by(B.c.created_at.desc())
            .limit(1)
        )
        with self._database.write() as connection:
            found = connection.scalar(running)
            if found is not None:
                other = _build(found)
                if not other.cancelling:
                    return other, False
            connection.execute(
                insert(B).values(
                    id=build.id,
                    name=build.name,
                    version=build.version,
                    digest=build.digest,
                    state=build.state,
                    record=_text(build),
                    created_at=build.created_at,
                )
            )
            _note(connection, build, "created")
            return build, True

    def update(self, build_id: str, **fields: Any) -> Build:
        """Change fields of a build; one that has ended stays as it is. Raises NotFound."""
        with self._database.write() as connection:
            found = connection.scalar(select(B.c.record).where(B.c.id == build_id))
            if found is None:
                raise NotFound(f"There is no build {build_id!r}.")
            before = _build(found)
            if before.ended:
                return before
            build = msgspec.structs.replace(before, **fields)
            connection.execute(
                update(B).where(B.c.id == build_id).values(state=build.state, record=_text(build))
            )
            _note(connection, build, "changed")
            return build

    def get(self, build_id: str) -> Build:
        """One build; raises NotFound."""
        with self._database.read() as connection:
            found = connection.scalar(select(B.c.record).where(B.c.id == build_id))
        if found is None:
            raise NotFound(
                f"There is no build {build_id[:80]!r}.",
                where="id",
                remedy="`mlenv builds` lists them.",
            )
        return _build(found)

    def newest(self, limit: int = 50, name: str | None = None) -> tuple[Build, ...]:
        """The newest builds, of one environment or of all."""
        query = select(B.c.record).order_by(B.c.created_at.desc(), B.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(B.c.name == name)
        with self._database.read() as connection:
            return tuple(_build(one) for one in connection.scalars(query))

    def running(self) -> tuple[Build, ...]:
        """The builds that have not ended, oldest first."""
        query = select(B.c.record).where(B.c.state.not_in(ENDED)).order_by(B.c.created_at)
        with self._database.read() as connection:
            return tuple(_build(one) for one in connection.scalars(query))

    def of_versions(self, versions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Build]:
        """The newest build of each (name, version) that has one."""
        wanted = list(versions)
        if not wanted:
            return {}
        query = (
            select(B.c.record)
            .where(tuple_(B.c.name, B.c.version).in_(wanted))
            .order_by(B.c.created_at, B.c.id)
        )
        with self._database.read() as connection:
            found = [_build(one) for one in connection.scalars(query)]
        return {(one.name, one.version): one for one in found}


def _note(connection: Any, build: Build, action: Any) -> None:
    note(
        connection,
        "build",
        action,
        build.name,
        version=build.version,
        ref=build.id,
        state=build.state,
    )


def _build(text: str) -> Build:
    return msgspec.json.decode(text, type=Build)


def _text(build: Build) -> str:
    return msgspec.json.encode(build).decode()
