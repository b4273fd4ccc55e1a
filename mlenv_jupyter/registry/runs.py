"""Rows of runs: an index of what is in their directories."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.core.run import RUN_ENDED, Run
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.changes import note
from mlenv_jupyter.registry.database import Database

R = tables.runs


class Runs:
    """Runs, newest first. A run is a row before it is work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run: Run) -> None:
        """Write down a run."""
        with self._database.write() as connection:
            connection.execute(
                insert(R).values(
                    id=run.id,
                    experiment=run.experiment,
                    name=run.name,
                    version=run.version,
                    state=run.state,
                    record=_text(run),
                    created_at=run.created_at,
                )
            )
            _note(connection, run, "created")

    def update(self, run_id: str, **fields: Any) -> Run:
        """Change fields of a run; one that has ended keeps all but its tags. Raises NotFound."""
        with self._database.write() as connection:
            found = connection.scalar(select(R.c.record).where(R.c.id == run_id))
            if found is None:
                raise _missing(run_id)
            before = _run(found)
            if before.ended and fields.keys() - {"tags"}:
                return before
            run = msgspec.structs.replace(before, **fields)
            connection.execute(
                update(R).where(R.c.id == run_id).values(state=run.state, record=_text(run))
            )
            _note(connection, run, "changed")
            return run

    def get(self, run_id: str) -> Run:
        """One run; raises NotFound."""
        with self._database.read() as connection:
            found = connection.scalar(select(R.c.record).where(R.c.id == run_id))
        if found is None:
            raise _missing(run_id)
        return _run(found)

    def newest(
        self, limit: int = 50, experiment: str | None = None, name: str | None = None
    ) -> tuple[Run, ...]:
        """The newest runs, of one experiment, of one environment, or of all."""
        query = select(R.c.record).order_by(R.c.created_at.desc(), R.c.id.desc()).limit(limit)
        if experiment is not None:
            query = query.where(R.c.experiment == experiment)
        if name is not None:
            query = query.where(R.c.name == name)
        with self._database.read() as connection:
            return tuple(_run(one) for one in connection.scalars(query))

    def running(self) -> tuple[Run, ...]:
        """The runs that have not ended, oldest first."""
        query = select(R.c.record).where(R.c.state.not_in(RUN_ENDED)).order_by(R.c.created_at)
        with self._database.read() as connection:
            return tuple(_run(one) for one in connection.scalars(query))


def _missing(run_id: str) -> NotFound:
    return NotFound(
        f"There is no run {run_id[:80]!r}.", where="id", remedy="`mlenv runs` lists them."
    )


def _note(connection: Any, run: Run, action: Any) -> None:
    note(connection, "run", action, run.name, version=run.version, ref=run.id, state=run.state)


def _run(text: str) -> Run:
    return msgspec.json.decode(text, type=Run)


def _text(run: Run) -> str:
    return msgspec.json.encode(run).decode()
