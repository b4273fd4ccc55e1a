"""Runs: submitted to a process of their own, followed, cancelled, and looked after."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from mlenv_jupyter.builds.durable import (
    Durable,
    end_orphans,
    last_words,
    moment,
    new_id,
    start_worker,
)
from mlenv_jupyter.builds.oldlogs import unpacked
from mlenv_jupyter.cluster import is_ray, stop_job
from mlenv_jupyter.core.checks import check_variables
from mlenv_jupyter.core.errors import (
    Conflict,
    InvalidDefinition,
    MlenvError,
    NotFound,
    Problem,
)
from mlenv_jupyter.core.names import check_name
from mlenv_jupyter.core.run import Metric, Run, RunRequest
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.runs.container import container_options
from mlenv_jupyter.runs.environment import inherited
from mlenv_jupyter.runs.request import check_kept, check_tags, check_target, command_of
from mlenv_jupyter.runs.snapshot import add_snapshot
from mlenv_jupyter.runs.spec import RunFiles, RunSpec, ending
from mlenv_jupyter.store.places import Places

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import Build, Form
    from mlenv_jupyter.kernels.containers.policy import Policy

FOLLOWED = 20
"""How often a job on a cluster is followed anew after the process that did so has died."""

RUN = "mlenv.run"
"""Label of a run's container, with the run's id."""


class BuildVersion(Protocol):
    """Builds a version in a form, or finds what is built of it."""

    def __call__(self, name: str, version: str | None = None, *, form: Form | None = None) -> Build:
        """The build, ended or not."""


class Runs(Durable[Run]):
    """The runs of a workspace. A script whose worker died is never run a second time."""

    def __init__(
        self,
        places: Places,
        registry: Registry,
        database: str | None,
        build: BuildVersion,
        policy: Policy,
    ) -> None:
        super().__init__(registry.runs)
        self._places = places
        self._registry = registry
        self._database = database
        self._build = build
        self._policy = policy

    def submit(self, request: RunRequest, *, author: str = "") -> Run:
        """Snapshot the sources and run the script or command in a process of its own.

        Answers at once; the version is built first where it is not. Raises NotFound, InvalidName,
        InvalidRequest, TooLarge, Unavailable.
        """
        check_name(request.experiment, own=False, where="experiment")
        problems = tuple(check_variables(request.variables))
        if problems:
            raise InvalidDefinition(problems)
        check_tags(request.tags)
        row = self._registry.find(request.name, request.version)
        target, form = check_target(request, row.definition)
        command = command_of(request)
        snapshot = add_snapshot(self._places, Path(request.source_directory))
        check_kept(request, self._places.snapshot(snapshot))
        given = container_options(
            row.definition, self._policy, request.docker_arguments, request.shm_size
        )
        build = self._build(row.name, row.version, form=form)
        spec = RunSpec(
            id=new_id(),
            experiment=request.experiment,
            name=row.name,
            version=row.version,
            definition=row.definition,
            command=command,
            target=target,
            snapshot=snapshot,
            variables=request.variables,
            resources=request.resources,
            container=given.options if target == "docker" else {},
            network=given.network,
            notes=given.notes if target == "docker" else (),
            build=build.id,
            form=form,
            home=str(self._places.home),
            store=str(self._places.store),
            offline=self._places.offline,
        )
        run = Run(
            id=spec.id,
            experiment=spec.experiment,
            name=spec.name,
            version=spec.version,
            target=target,
            state="queued",
            command=command,
            snapshot=snapshot,
            created_at=moment(),
            author=author,
            build=build.id,
            tags=request.tags,
        )
        self._submit(spec, run, build)
        return run

    def again(self, run_id: str, *, author: str = "") -> Run:
        """Run the same once more: version, sources, command and variables as they were then.

        Raises NotFound, Conflict where the sources are gone.
        """
        before = self._registry.runs.get(run_id)
        files = self.files(run_id)
        spec = None
        with contextlib.suppress(OSError, msgspec.MsgspecError):  # a script can spoil it
            spec = files.read_spec()
        if spec is None or not self._places.snapshot(before.snapshot).exists():
            raise Conflict(
                f"The sources of the run {run_id} are not kept any more.",
                code="no_snapshot",
                remedy="Submit it again with its directory.",
            )
        build = self._build(before.name, before.version, form=spec.form)
        spec = msgspec.structs.replace(spec, id=new_id(), build=build.id)
        run = Run(
            id=spec.id,
            experiment=before.experiment,
            name=before.name,
            version=before.version,
            target=before.target,
            state="queued",
            command=before.command,
            snapshot=before.snapshot,
            created_at=moment(),
            author=author,
            build=build.id,
            tags=before.tags,
        )
        self._submit(spec, run, build)
        return run

    def get(self, run_id: str) -> Run:
        """One run; raises NotFound."""
        return self._registry.runs.get(run_id)

    def newest(
        self, *, limit: int = 50, experiment: str | None = None, name: str | None = None
    ) -> tuple[Run, ...]:
        """The newest runs, of one experiment, of one environment, or of all."""
        return self._registry.runs.newest(max(1, min(limit, 500)), experiment, name)

    def tag(self, run_id: str, tags: dict[str, str]) -> Run:
        """Set tags; others stay."""
        check_tags(tags)
        return self._registry.runs.update(run_id, tags={**self.get(run_id).tags, **tags})

    def log_path(self, run_id: str) -> Path:
        """Where the log is; it need not be there yet. Raises NotFound."""
        self._registry.runs.get(run_id)
        return unpacked(self.files(run_id).log)

    def metrics(self, run_id: str) -> list[Metric]:
        """What the script has logged. Raises NotFound."""
        self._registry.runs.get(run_id)
        return self.files(run_id).read_metrics()

    def files(self, work_id: str) -> RunFiles:
        """The directory of a run; raises NotFound for what is no run id."""
        return RunFiles(self._places, work_id)

    def file(self, run_id: str, name: str) -> Path:
        """A file or directory that a run has made, such as ``outputs/model.pkl``.

        Raises NotFound.
        """
        self._registry.runs.get(run_id)
        files = self.files(run_id)
        found = files.file(name)
        if found is None:
            there = ", ".join(files.names()[:10]) or "nothing: write into outputs/"
            raise NotFound(
                f"The run {run_id} has made no {name!r}.", where=name, remedy=f"It made {there}."
            )
        return found

    def _look(self, work: Run) -> Run | None:
        # The result is the truth: its worker may still be about to open the registry for the row.
        result = None if work.ended else self.files(work.id).read_result()
        if result is not None:
            return self._registry.runs.update(work.id, **ending(result))
        return super()._look(work)

    def _submit(self, spec: RunSpec, run: Run, build: Build) -> None:
        made = build.lock_digest if build.state == "succeeded" else None
        spec = msgspec.structs.replace(spec, run=run, lock_digest=made)
        files = RunFiles(self._places, spec.id)
        files.make(spec)
        lock = files.try_lock()
        assert lock is not None
        try:
            self._registry.runs.add(run)
            self._start(files, lock, run.id)
        finally:
            os.close(lock)

    def _start(self, files: RunFiles, lock: int, run_id: str) -> None:
        env = {**inherited(os.environ), "MLENV_RUN_ID": run_id}
        child = start_worker("mlenv_jupyter.runs.worker", files, lock, env, self._database)
        self._watch(child, run_id)

    def _end(self, work: Run, lock: int) -> Run:
        """What is left of a run whose worker died; a script is never run a second time.

        A job on a cluster goes on without a worker: another one follows it.
        """
        files = self.files(work.id)
        result = files.read_result()
        if result is None and is_ray(work.target):
            if files.cancel.exists():
                stop_job(work.target, work.id)
            elif work.attempt < FOLLOWED:
                made = self._registry.runs.update(work.id, attempt=work.attempt + 1)
                self._start(files, lock, work.id)
                return made
        if result is None:
            end_orphans("MLENV_RUN_ID", work.id)
            remove_container(work)
            result = self._bury(work, _interrupted(files))
        return self._registry.runs.update(work.id, **ending(result))


def remove_container(run: Run) -> None:
    """Remove the container of a run, if there is one."""
    if run.target != "docker":
        return
    from mlenv_jupyter.engine.connect import connect

    with contextlib.suppress(MlenvError):
        client = connect()
        for one in client.containers.list(all=True, filters={"label": f"{RUN}={run.id}"}):
            one.remove(force=True, v=True)
        client.close()


def _interrupted(files: RunFiles) -> Problem:
    return Problem(
        code="interrupted",
        message="The run's process ended before the run did.",
        detail=last_words(files),
        remedy="Submit it again.",
    )
