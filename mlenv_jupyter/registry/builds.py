"""Rows of builds: an index of what ``result.json`` and ``log.jsonl`` say."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import select, tuple_

from mlenv_jupyter.core.build import ENDED, Build
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.work import WorkRows

B = tables.builds


class Builds(WorkRows[Build]):
    """Builds, newest first. One that has ended stays as it is."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, B, "build", Build, ENDED)

    def add(self, build: Build) -> tuple[Build, bool]:
        """Write down a build, or join the one of this version and form that has not ended.

        Returns the build, and whether it is the one given.
        """
        running = (
            select(B.c.record)
            .where(B.c.name == build.name, B.c.version == build.version, B.c.state.not_in(ENDED))
            .order_by(B.c.created_at.desc())
        )
        with self._database.write() as connection:
            for found in connection.scalars(running).all():
                other = self._decode(found)
                if other.form == build.form and not other.cancelling:
                    return other, False
            self._insert(connection, build, digest=build.digest)
            return build, True

    def newest(self, limit: int = 50, name: str | None = None) -> tuple[Build, ...]:
        """The newest builds, of one environment or of all."""
        return self._newest(limit, *([] if name is None else [B.c.name == name]))

    def waiting(self) -> tuple[str, ...]:
        """The ids of the builds that have not begun, in the order in which they were asked for."""
        with self._database.read() as connection:
            query = select(B.c.id).where(B.c.state == "queued").order_by(B.c.created_at, B.c.id)
            return tuple(connection.scalars(query))

    def placed(self, builds: Iterable[Build]) -> tuple[Build, ...]:
        """The same, with the place in the queue of those that wait: it is in no row, since it
        changes with what the others do."""
        found = tuple(builds)
        if not any(one.state == "queued" for one in found):
            return found
        at = {build_id: place for place, build_id in enumerate(self.waiting())}
        return tuple(msgspec.structs.replace(one, ahead=at.get(one.id)) for one in found)

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
            found = [self._decode(one) for one in connection.scalars(query)]
        return {(one.name, one.version): one for one in found}
