"""Rows of runs: an index of what is in their directories."""

from __future__ import annotations

from mlenv_jupyter.core.run import RUN_ENDED, Run
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.database import Database
from mlenv_jupyter.registry.work import WorkRows

R = tables.runs


class Runs(WorkRows[Run]):
    """Runs, newest first. One that has ended keeps all but its tags."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, R, "run", Run, RUN_ENDED, later=frozenset(["tags"]))

    def add(self, run: Run) -> None:
        """Write down a run."""
        with self._database.write() as connection:
            self._insert(connection, run, experiment=run.experiment)

    def newest(
        self, limit: int = 50, experiment: str | None = None, name: str | None = None
    ) -> tuple[Run, ...]:
        """The newest runs, of one experiment, of one environment, or of all."""
        where = [] if experiment is None else [R.c.experiment == experiment]
        where += [] if name is None else [R.c.name == name]
        return self._newest(limit, *where)
